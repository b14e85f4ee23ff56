/* Which pairs of points of a field may be the ends of a tracklet, and who is near the arc between.

It only leaves out: whatever it lists is measured and judged by the numpy code, so that no number of
a result comes from here. Every test is against a lower bound of the number of false alarms (see
significance.py), with a margin for rounding; what it drops, the numpy code drops, too. Where a
decision must be the same (separations, ranks) the sums are those of numpy, term by term: compile
without contracting them to fused operations.

Lengths in radians, areas in steradians; vectors as in vectors.py. */

#include "kernel_anchor.h"

typedef struct {
    double u;
    int64_t k;
} Place;

static int by_place(const void *a, const void *b)
{
    const Place *p = a, *q = b;
    if (p->u != q->u) return p->u < q->u ? -1 : 1;
    return (p->k > q->k) - (p->k < q->k);
}

/* Puts the points in order of u, their place along `axis` of the plane at `centre`, and counts each
   one's neighbours. A pair is seen once, from its end of smaller u. 0: no memory. */
static int enter(const Null *null, Work *w, const double *xyz, double *centre, double *axis,
                 double *least_depth)
{
    int64_t n = null->n;
    const double *in[3] = {xyz, xyz + n, xyz + 2 * n};
    double length = 0, square = 0;
    int small = 0;
    for (int d = 0; d < 3; d++) {
        centre[d] = 0;
        for (int64_t k = 0; k < n; k++) centre[d] += in[d][k];
        length += centre[d] * centre[d];
    }
    for (int d = 0; d < 3; d++) {
        centre[d] /= sqrt(length);
        if (fabs(centre[d]) < fabs(centre[small])) small = d;
    }
    axis[small] = 0; /* centre x (unit vector of the smallest coordinate), normalized */
    axis[(small + 1) % 3] = centre[(small + 2) % 3];
    axis[(small + 2) % 3] = -centre[(small + 1) % 3];
    for (int d = 0; d < 3; d++) square += axis[d] * axis[d];
    for (int d = 0; d < 3; d++) axis[d] /= sqrt(square);

    Place *places = malloc(n * sizeof *places);
    if (!places) return 0;
    *least_depth = 1;
    for (int64_t k = 0; k < n; k++) {
        double depth = 0, along = 0;
        for (int d = 0; d < 3; d++) {
            depth += in[d][k] * centre[d];
            along += in[d][k] * axis[d];
        }
        if (depth < *least_depth) *least_depth = depth;
        places[k] = (Place){along / depth, k};
    }
    qsort(places, n, sizeof *places, by_place);
    for (int64_t k = 0; k < n; k++) {
        int64_t p = w->order[k] = places[k].k;
        w->u[k] = places[k].u;
        w->x[k] = in[0][p];
        w->y[k] = in[1][p];
        w->z[k] = in[2][p];
    }
    free(places);
    double furthest = fmax(-w->u[0], w->u[n - 1]);
    w->stretch = sqrt(1 + furthest * furthest) / *least_depth;

    count_neighbours(null, w, *least_depth);
    return 1;
}

/* Room for a field of n points, all zero: 0 where there is none. */
static int make_room(const Null *null, Work *w)
{
    int64_t n = null->n, radii = null->n_radii, slots = CLASSES * w->slots + 1, places = n + 40;
    double **columns[] = {&w->x,    &w->y,     &w->z,      &w->u,   &w->right, &w->up,
                          &w->depth, &w->low,  &w->high,   &w->sorted, &w->along, &w->across,
                          &w->weight, &w->aside, &w->ahead, &w->member};
    int32_t **numbers[] = {&w->by_angle, &w->bin,  &w->from,   &w->to,    &w->slot,
                           &w->near,     &w->rising, &w->marked, &w->first_bend, &w->last_bend};
    float **floats[] = {&w->right1, &w->up1, &w->depth1, &w->right1_turned, &w->up1_turned, &w->angle};
    int64_t n_columns = sizeof columns / sizeof *columns;
    int64_t n_numbers = sizeof numbers / sizeof *numbers, n_floats = sizeof floats / sizeof *floats;
    double *d = calloc(n_columns * places + radii * COUNTED, sizeof *d);
    int32_t *i = calloc((n_numbers + n_floats) * places + radii * n + w->bins + 1 + slots + 2,
                        sizeof *i);
    w->order = calloc(n, sizeof *w->order);
    w->x = d;
    w->within = i;
    if (!d || !i || !w->order) return 0;
    for (int64_t k = 0; k < n_columns; k++, d += places) *columns[k] = d;
    w->least_rank = d;
    i += n * radii;
    for (int64_t k = 0; k < n_floats; k++, i += places) *floats[k] = (float *)i;
    for (int64_t k = 0; k < n_numbers; k++, i += places) *numbers[k] = i;
    w->steps = i;
    w->first = w->steps + w->bins + 1;
    return 1;
}

static void free_room(Work *w)
{
    free(w->x);
    free(w->within);
    free(w->order);
}

/* Lists lines of fields (n_fields, 3, n), each within 60 degrees of its centre, from anchor
   `*anchor` of field `*field` on, where it leaves off. Returns DONE at the end, FULL when no more
   fit, TOO_LITTLE when not even one anchor's lines do, TOO_MUCH when the field takes too much work.
   */
int fink_lines(const Null *null, const double *xyz, int64_t n_fields, int64_t *field,
               int64_t *anchor, Out *out)
{
    int64_t n = null->n, bins = 64;
    while (bins < 4 * n && bins < 16384) bins *= 2;
    Work w = {.bins = bins, .slots = bins / 8};
    if (!make_room(null, &w)) {
        free_room(&w);
        return NO_MEMORY;
    }
    least_ranks(null, w.least_rank);

    int state = DONE, begun = 0;
    for (; *field < n_fields && !state; begun = 1) {
        double centre[3], axis[3], least_depth;
        if (!enter(null, &w, xyz + *field * 3 * n, centre, axis, &least_depth)) {
            state = NO_MEMORY;
            break;
        }
        for (int64_t a = *anchor; a < n - 1; a++, begun = 1) {
            /* Angles are counted from the first axis, the normal of the points of equal u: all points
               ahead lie within 90 degrees of it. Those further behind than `begin` lie near no arc
               that leads ahead. */
            double u = w.u[a], *axes = w.axes, square = 0;
            double lowest = u - 2 * null->sin_t * WIDER * sqrt(1 + u * u) / least_depth;
            int64_t begin = a;
            while (begin > 0 && w.u[begin - 1] >= lowest) begin--;
            for (int k = 0; k < 3; k++) {
                axes[k] = axis[k] - u * centre[k];
                square += axes[k] * axes[k];
            }
            for (int k = 0; k < 3; k++) axes[k] /= sqrt(square);
            axes[3] = w.y[a] * axes[2] - w.z[a] * axes[1];
            axes[4] = w.z[a] * axes[0] - w.x[a] * axes[2];
            axes[5] = w.x[a] * axes[1] - w.y[a] * axes[0];
            axes[6] = w.x[a];
            axes[7] = w.y[a];
            axes[8] = w.z[a];
            look_at_some(&w, begin, n);
            windows(n - begin, null->sin_t * WIDER, bins, w.slots, w.right + begin, w.up + begin,
                    w.angle + begin, w.bin + begin, w.slot + begin, w.from + begin, w.to + begin);
            count_windows(&w, begin, a, n);
            int64_t lines = out->lines, work = out->work;
            state = from_anchor(null, &w, out, *field, begin, a);
            if (state == FULL) {
                out->lines = lines;
                out->work = work;
                *anchor = a;
                if (!begun) state = TOO_LITTLE;
            }
            if (state) break;
        }
        if (state == DONE) {
            *anchor = out->work = 0;
            ++*field;
        }
    }
    free_room(&w);
    return state;
}

/* Whether any of the points is near the circle through two of them. */
static int lies_near(const double *xyz, int64_t n, int64_t a, int64_t b, double width,
                     int64_t n_members, const int64_t *members)
{
    const double *x = xyz, *y = xyz + n, *z = xyz + 2 * n;
    double p = y[a] * z[b] - z[a] * y[b], q = z[a] * x[b] - x[a] * z[b];
    double r = x[a] * y[b] - y[a] * x[b], most = width * sqrt(p * p + q * q + r * r);
    int near = 0;
    for (int64_t k = 0; k < n_members; k++) {
        int64_t m = members[k];
        near |= fabs(p * x[m] + q * y[m] + r * z[m]) <= most;
    }
    return near;
}

/* Of lines asleep from points i to points j of one field (3, n): 0 for those that are near none of
   the members, which were taken; 1 for those whose set, grown from the points that are free, is
   surely no tracklet; else 2. Returns 0 where there is no memory. */
int fink_disturb(const Null *null, const double *xyz, const uint8_t *is_free, int64_t n_members,
                 const int64_t *members, int64_t lines, const int32_t *i, const int32_t *j,
                 uint8_t *states)
{
    int64_t n = null->n;
    Work w = {.bins = 0, .slots = 0, .stretch = INFINITY};
    if (!make_room(null, &w)) {
        free_room(&w);
        return 0;
    }
    double *columns[] = {w.x, w.y, w.z, w.right, w.up, w.depth};
    for (int d = 0; d < 3; d++) memcpy(columns[d], xyz + d * n, n * sizeof *xyz);
    int64_t free_points = 0;
    for (int64_t k = 0; k < n; k++) {
        w.by_angle[free_points] = k;
        free_points += is_free[k] != 0;
    }
    for (int64_t l = 0; l < lines; l++) {
        int64_t a = i[l], b = j[l];
        states[l] = lies_near(xyz, n, a, b, null->sin_t * WIDER, n_members, members);
        if (!states[l] || !is_free[a] || !is_free[b]) continue;

        /* As seen from i, right is towards j. */
        double anchor[] = {w.x[a], w.y[a], w.z[a]}, *axes = w.axes, square = 0;
        double cosine = anchor[0] * w.x[b] + anchor[1] * w.y[b] + anchor[2] * w.z[b];
        for (int d = 0; d < 3; d++) {
            axes[d] = columns[d][b] - cosine * anchor[d];
            square += axes[d] * axes[d];
        }
        for (int d = 0; d < 3; d++) axes[d] /= sqrt(square);
        for (int d = 0; d < 3; d++) {
            int e = (d + 1) % 3, f = (d + 2) % 3;
            axes[3 + d] = anchor[e] * axes[f] - anchor[f] * axes[e];
            axes[6 + d] = anchor[d];
        }
        look_at_some(&w, 0, n);
        turn_by_angle(&w, free_points);
        Line line = line_to(&w, a, b);
        gather(null, &w, 0, free_points, &line);
        line.sense = 1;
        line.end = n;
        Pair *pair = &line.pair;
        pair->radius = radius_of(null, w.depth[b]);
        pair->within_i = pair->within_j = -1;
        double furthest = null->cosines[pair->radius];
        for (int64_t k = 0; k < n; k++) {
            pair->within_i += w.depth[k] > furthest;
            pair->within_j += w.x[b] * w.x[k] + w.y[b] * w.y[k] + w.z[b] * w.z[k] > furthest;
        }
        place(&w, &line);
        states[l] += line.count >= null->min_points && !is_hopeless(null, &w, &line);
    }
    free_room(&w);
    return 1;
}

/* Distances from a great circle, as sines. */
WIDE_TOO static void from_circle(int64_t n, const double *restrict x, const double *restrict y,
                                 const double *restrict z, double a, double b, double c,
                                 double *restrict across)
{
    for (int64_t k = 0; k < n; k++) across[k] = a * x[k] + b * y[k] + c * z[k];
}

/* Lists the points that may be near the arcs from points i to points j of lines, ascending, no more
   than `most` in all: near the circle, and nearer to each end than the other is. Returns the number
   of lines that were done; 0: no memory. */
int64_t fink_near(const double *x, const double *y, const double *z, int64_t n, int64_t lines,
                  const int64_t *i, const int64_t *j, double width, int64_t most, int64_t *count,
                  int64_t *near)
{
    double *across = malloc(n * sizeof *across);
    if (!across) return 0;
    int64_t found = 0, l = 0;
    for (; l < lines && found + n <= most; l++) {
        int64_t p = i[l], q = j[l], before = found;
        double a = y[p] * z[q] - z[p] * y[q], b = z[p] * x[q] - x[p] * z[q];
        double c = x[p] * y[q] - y[p] * x[q], length = sqrt(a * a + b * b + c * c) + 1e-300;
        double least = x[p] * x[q] + y[p] * y[q] + z[p] * z[q] - 1e-12;
        from_circle(n, x, y, z, a / length, b / length, c / length, across);
        for (int64_t k = 0; k < n; k++) {
            if (fabs(across[k]) > width) continue;
            near[found] = k;
            found += (x[p] * x[k] + y[p] * y[k] + z[p] * z[k] >= least) &
                     (x[q] * x[k] + y[q] * y[k] + z[q] * z[k] >= least);
        }
        count[l] = found - before;
    }
    free(across);
    return l;
}

/* The source that this was compiled from. */
const char *fink_source(void) { return FINK_SOURCE; }
