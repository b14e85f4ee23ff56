/* Which pairs of points of a field may be the ends of a tracklet, and who is near the arc between.

It only leaves out: whatever it lists is measured and judged by the numpy code, so that no number of
a result comes from here. Every test is against a lower bound of the number of false alarms (see
significance.py), with a margin for rounding; what it drops, the numpy code drops, too. Where a
decision must be the same (separations, ranks) the sums are those of numpy, term by term: compile
without contracting them to fused operations.

Lengths in radians, areas in steradians; vectors as in vectors.py. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WIDER (1 + 1e-6) /* windows relative to T: covers the rounding of angles */
#define SLACK 1e-6       /* of a log10 NFA */
#define LN10 2.302585092994046
#define MANY 24          /* intervals that are first counted by slices of all curvatures */
#define SLICES 64
#define CLASSES 2        /* of points that are looked up by angle, by the widths of their windows: */
#define NARROW (1.f / 1024) /* half width at most of the first, */
#define LESS_NARROW (1.f / 128) /* and of the second */
#define SLOTS 2048       /* of angle, in each class, at most */
#define COUNTED 64       /* points on a line, from which on all pass the first table */
#define STRIPS 6
#define SURE 20          /* of a log10 NFA, below the limit: a line that is listed at once */

/* What takes most of the time is compiled for wide registers, too. */
#if defined(__x86_64__) && defined(__linux__)
#define WIDE_TOO __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_TOO
#endif

enum { DONE, FULL, TOO_LITTLE, NO_MEMORY, TOO_MUCH };

typedef struct {
    int64_t n, min_points, n_radii, n_evidence, n_strips, n_enough, max_missed;
    double sin_t, first_tolerance, tolerance, max_curvature, density, log10_pairs;
    double limit;   /* log10 NFA of a line that may become a tracklet */
    double later;   /* the same for a set, which may be extended */
    double no_beat; /* log10 evidence of points without a common spacing */
    double min_gap_chance, least_versine;
    const double *radii, *cosines, *curvatures; /* (n_radii,), curvatures as log10 */
    const double *evidence;                     /* (n_evidence,) most log10 LR of 0, 1, ... points */
    const double *strips;                       /* (n_strips,) widths of boxes beside a line */
    const double *enough; /* (n_enough,) mean for which 0, 1, ... or more are improbable */
} Null;

typedef struct {
    int64_t lines, max_lines;        /* how many there are, and how many fit */
    int64_t work, max_work;          /* points near all lines of the field so far; no more */
    int64_t *field, *i, *j, *radius, *within_i, *within_j, *count; /* (max_lines,) */
    double *mean, *bound;                                         /* (max_lines,) */
} Out;

typedef struct {
    double *x, *y, *z, *u;           /* points in order of u */
    double *right, *up, *depth;      /* as seen from the anchor */
    float *angle;                    /* pseudo-angle */
    double *low, *high, *across, *weight, *sorted, *aside, *ahead;
    int64_t *order;
    int32_t *within, *steps, *first, *by_angle, *near, *rising;
    int32_t *bin, *from, *to;        /* of a point, and of its window: from, and before to */
    int32_t *slot;                   /* of a point, see `sort_by_angle` */
    double *least_rank;              /* (n_radii, COUNTED) */
    int64_t bins, slots;
} Work;

/* ---- significance, as significance.py has it, from below ---- */

/* log10 of the chance of k or more. */
static double log10_tail(int64_t k, double mean)
{
    if (k <= 0) return 0;
    if (!(mean > 0)) return -1e300;
    double term = 1, sum = 1;
    for (int t = 1; t < 400 && term > 1e-12 * sum; t++) {
        term *= mean / (k + t);
        sum += term;
    }
    double ln = k * log(mean) - mean - lgamma(k + 1.) + log(sum);
    return ln < 0 ? ln / LN10 : 0;
}

static double evidence_of(const Null *null, int64_t count)
{
    return null->evidence[count < null->n_evidence ? count : null->n_evidence - 1];
}

typedef struct {
    int64_t radius, within_i, within_j;
    double mean;  /* chance points expected between the ends, at least */
    double bound; /* least log10 NFA of a set from end to end */
} Pair;

/* log10 NFA, before its spacing, of `count` resolved points out of `members` on a track. */
static double log10_bound(const Null *null, const Pair *p, int64_t count, int64_t members)
{
    double length = null->radii[p->radius];
    double near = p->within_i < p->within_j ? p->within_i : p->within_j;
    double disc = (near - members - 3 * sqrt(near)) / (M_PI * length * length);
    double density = disc > null->density ? disc : null->density;
    double mean = 2 * null->tolerance * length * density;
    if (p->mean > mean) mean = p->mean;
    double ends = null->log10_pairs - log10(1. / (p->within_i + 1) + 1. / (p->within_j + 1));
    return ends + null->curvatures[p->radius] + log10_tail(count - 2, mean) - SLACK;
}

static int could_pass(const Null *null, const Pair *p, int64_t count)
{
    return count >= null->min_points &&
           log10_bound(null, p, count, count) < null->limit + evidence_of(null, count);
}

/* Rule: the largest gap [lengths] among `count` resolved points may be chance (`is_one_run`). */
static int is_one_run(const Null *null, int64_t count, double gap)
{
    return (count - 1) * pow(1 - gap, count - 2) > null->min_gap_chance * (1 - 1e-6);
}

/* Whether so many points with such a gap can sit on different nodes of one grid. The gap spans
   gap * P of the grid's P periods, and after rounding one node less at least; the other count - 2
   steps take one each: P >= count - 2 + gap * P - 1. And P is count - 1 + max_missed at most. */
static int has_grid(const Null *null, int64_t count, double gap)
{
    return (count - 1 + null->max_missed) * (1 - gap) >= count - 3 - 1e-6;
}

/* The least log10 NFA of a set of at most `most` resolved points with a gap of at least `gap`. Both
   rules hold for all smaller sets where they hold for one, and NFA falls with the number: the
   largest sets that keep the rules decide. */
static double least_nfa(const Null *null, const Pair *p, int64_t most, int64_t members, double gap)
{
    while (most >= null->min_points && !is_one_run(null, most, gap)) most--;
    if (most < null->min_points) return INFINITY;
    double least = log10_bound(null, p, most, members) - null->no_beat;
    while (most >= null->min_points && !has_grid(null, most, gap)) most--;
    if (most < null->min_points) return least;
    double regular = log10_bound(null, p, most, members) - evidence_of(null, most);
    return regular < least ? regular : least;
}

/* The largest rank 1 / (1/r_ij + 1/r_ji) with which so many points pass on a uniform sky. */
static void least_ranks(const Null *null, double *table)
{
    for (int64_t r = 0; r < null->n_radii; r++) {
        double mean = 2 * null->tolerance * null->radii[r] * null->density;
        for (int64_t c = 0; c < COUNTED; c++) {
            double rank = null->limit + evidence_of(null, c) - null->curvatures[r] -
                          null->log10_pairs - log10_tail(c - 2, mean) + SLACK;
            table[r * COUNTED + c] = c < null->min_points ? 0 : rank > 300 ? 1e300 : pow(10, rank);
        }
    }
}

/* ---- small tools ---- */

static int64_t radius_of(const Null *null, double cosine)
{
    /* Between two radii the versine doubles: its exponent is the radius, but for rounding. */
    double versine = (1 - cosine) / null->least_versine;
    int64_t bits, k = -1;
    memcpy(&bits, &versine, sizeof bits);
    if (versine > 0) k = (bits >> 52) - 1023;
    if (k >= null->n_radii) k = null->n_radii - 1;
    if (k < -1) k = -1;
    while (k + 1 < null->n_radii && cosine <= null->cosines[k + 1]) k++;
    while (k >= 0 && cosine > null->cosines[k]) k--;
    return k;
}

/* Shell's sort: no call for a comparison. */
static void sort(double *values, int64_t n)
{
    static const int64_t gaps[] = {1577, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        int64_t gap = gaps[g];
        for (int64_t k = gap; k < n; k++) {
            double v = values[k];
            int64_t l = k;
            for (; l >= gap && values[l - gap] > v; l -= gap) values[l] = values[l - gap];
            values[l] = v;
        }
    }
}

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

/* ---- one line ---- */

/* Arc sine for an angle of up to 0.3, to a millionth; the true one beyond. */
static double angle_of(double sine, double cosine)
{
    double q = sine * sine;
    if (q > 0.09) return atan2(sine, cosine);
    return sine * (1 + q * (1. / 6 + q * (3. / 40 + q * (15. / 336))));
}

/* The points near a line: across it, and their along * (length - along). */
typedef struct {
    int64_t count, members; /* those whose curvature is known; all */
    double *across, *weight;
} Line;

/* Most points, the ends included, that agree with one parabola from end to end which is bent by no
   more than 2 * limit: within two tolerances each allows an interval of curvatures (see `agree` in
   grow.py). Where they are many they are first counted by slices, which gives no less, and that is
   it when there are fewer than `need`. */
static int64_t most_agreeing(const Null *null, const Line *line, Work *w, double limit, int64_t need)
{
    int64_t all = line->members - line->count, some = 0;
    double reach = 2.002 * null->tolerance;
    for (int64_t k = 0; k < line->count; k++) {
        double low = (line->across[k] - reach) / line->weight[k];
        double high = (line->across[k] + reach) / line->weight[k];
        w->low[some] = low > -limit ? low : -limit;
        w->high[some] = high < limit ? high : limit;
        some += (low <= limit) & (high >= -limit);
    }
    if (all + some < need) return all + some;
    if (some > MANY) {
        int64_t steps[SLICES + 1] = {0}, sum = 0, most = 0;
        double scale = SLICES / (2 * limit);
        for (int64_t k = 0; k < some; k++) {
            int64_t from = (w->low[k] + limit) * scale, to = (w->high[k] + limit) * scale;
            steps[from < SLICES ? from : SLICES - 1]++;
            steps[to < SLICES ? to + 1 : SLICES]--;
        }
        for (int k = 0; k < SLICES; k++) {
            sum += steps[k];
            if (sum > most) most = sum;
        }
        if (all + most < need) return all + most;
    }
    sort(w->low, some);
    sort(w->high, some);
    int64_t most = 0;
    for (int64_t k = 0, ended = 0; k < some; k++) {
        while (w->high[ended] < w->low[k]) ended++;
        if (k + 1 - ended > most) most = k + 1 - ended;
    }
    return all + most;
}

/* Places in the anchor's plane, across and along a direction. */
WIDE_TOO static void turn(int64_t n, const double *restrict right, const double *restrict up,
                          double c, double s, double *restrict across, double *restrict along)
{
    for (int64_t k = 0; k < n; k++) {
        across[k] = c * up[k] - s * right[k];
        along[k] = c * right[k] + s * up[k];
    }
}

/* Chance points expected on any track between the ends, at least: `least_mean` of crowds.py. */
static double least_mean(const Null *null, const Work *w, int64_t begin, double c, double s,
                         double length, double sine, double depth)
{
    double bend = null->max_curvature * length * length / 8 + 2 * null->tolerance + 1e-7;
    double inner = 3 * null->tolerance + bend, outer[STRIPS];
    int32_t counts[2][STRIPS] = {{0}};
    int64_t n_strips = null->n_strips, n = null->n - begin;
    for (int l = 0; l < n_strips; l++) outer[l] = null->strips[l] - bend;
    if (!n_strips || outer[n_strips - 1] <= inner) return 0;
    const double *right = w->right + begin, *up = w->up + begin, *from_b = w->depth + begin;
    turn(n, right, up, c, s, w->aside, w->ahead);
    for (int64_t k = 0; k < n; k++) {
        double side = fabs(w->aside[k]);
        if (side >= outer[n_strips - 1]) continue;
        if (side > inner && w->ahead[k] > 0 && w->ahead[k] * depth < sine * from_b[k]) {
            for (int l = 0; l < n_strips; l++) counts[w->aside[k] > 0][l] += side < outer[l];
        }
    }
    double largest = null->density;
    for (int side = 0; side < 2; side++) {
        double floor = null->density;
        for (int64_t l = n_strips - 1; l >= 0; l--) {
            double k = counts[side][l], width = null->strips[l];
            if (!k) continue;
            double area = (width - 3 * null->tolerance) * (length + 2 * width);
            double raised = (k + sqrt(k)) / (area + 0.5 / floor);
            int64_t last = null->n_enough - 1;
            double enough = k <= last ? null->enough[(int64_t)k] : k * null->enough[last] / last;
            enough /= area;
            double least = raised < enough ? raised : enough;
            if (least > floor) floor = least;
        }
        if (floor > largest) largest = floor;
    }
    return 2 * null->tolerance * length * largest * (1 - 1e-6);
}

/* Whether the points `near` between a and b could hold a tracklet from end to end. */
static int line_could_pass(const Null *null, Work *w, int64_t begin, int64_t a, int64_t b,
                           int64_t count, double c, double s, double sine, Pair *pair)
{
    /* No more of them than agree with one parabola, and no more than there is room for, as resolved
       points of a set are T apart. A point so near an end that it tells nothing agrees with all. */
    double length = angle_of(sine, w->depth[b]);
    Line line = {0, count, w->across, w->weight};
    int64_t straight = 0;
    for (int64_t k = 0; k < count; k++) {
        int64_t p = w->near[k];
        double along = angle_of(c * w->right[p] + s * w->up[p], w->depth[p]);
        double weight = along * (length - along);
        w->sorted[k] = p == a ? 0 : along;
        w->across[line.count] = c * w->up[p] - s * w->right[p];
        w->weight[line.count] = weight;
        straight += fabs(w->across[line.count]) <= null->tolerance;
        line.count += (p != a) & (p != b) & (weight > 1e-13);
    }

    /* So many on the straight line, even among dense surroundings, need no closer look. */
    if (log10_bound(null, pair, straight, count) < null->limit - SURE) {
        pair->mean = least_mean(null, w, begin, c, s, length, sine, w->depth[b]);
        pair->bound = log10_bound(null, pair, count, count) - evidence_of(null, count);
        if (log10_bound(null, pair, straight, count) < null->limit - SURE) return 1;
    }
    double limit = null->max_curvature / 2;
    int64_t need = null->min_points;
    while (need < count && !could_pass(null, pair, need)) need++;
    int64_t most = most_agreeing(null, &line, w, limit, need);
    if (!could_pass(null, pair, most)) return 0;

    /* A gap between the near points is in every set of them, and no set is longer. It must be one
       between resolved points: a smaller one says nothing. */
    sort(w->sorted, count);
    double gap = 0, last = w->sorted[0];
    int64_t room = 1;
    for (int64_t k = 1; k < count; k++) {
        double step = w->sorted[k] - w->sorted[k - 1];
        if (step > gap) gap = step;
        if (w->sorted[k] - last >= null->first_tolerance * (1 - 1e-5)) {
            room++;
            last = w->sorted[k];
        }
    }
    gap = gap > 2 * null->first_tolerance ? gap / length * (1 - 1e-5) : 0;

    /* A fitted curve may bend more than the interval allows, by one tolerance in the middle. */
    limit += 4.01 * null->tolerance / (length * length);
    most = most_agreeing(null, &line, w, limit, 0);
    if (room < most) most = room;
    if (least_nfa(null, pair, most, count, gap) >= null->later) return 0;

    /* Nor may the line's surroundings be so dense that as many come by chance. */
    if (!pair->mean) pair->mean = least_mean(null, w, begin, c, s, length, sine, w->depth[b]);
    pair->bound = least_nfa(null, pair, most, count, gap);
    return pair->bound < null->later;
}

/* ---- all lines from one anchor ---- */

/* Scalar products of the points with three vectors. */
WIDE_TOO static void see(int64_t n, const double *restrict x, const double *restrict y,
                         const double *restrict z, const double *restrict axes,
                         double *restrict right, double *restrict up, double *restrict depth)
{
    double a0 = axes[0], a1 = axes[1], a2 = axes[2], a3 = axes[3], a4 = axes[4], a5 = axes[5];
    double a6 = axes[6], a7 = axes[7], a8 = axes[8];
    for (int64_t k = 0; k < n; k++) {
        right[k] = a0 * x[k] + a1 * y[k] + a2 * z[k];
        up[k] = a3 * x[k] + a4 * y[k] + a5 * z[k];
        depth[k] = a6 * x[k] + a7 * y[k] + a8 * z[k];
    }
}

/* Pseudo-angles of points as seen from an anchor, their windows' half widths, the bins that a
   window is in (from, and before to), and the slots of points, see `sort_by_angle`.

   The circle through the anchor at angle theta passes within T of a point at angle theta_k and
   separation s_k when |theta - theta_k| <= asin(sin T / sin s_k). Angles are counted as
   p = up / (|right| + |up|), which takes no arc tangent: dp/dtheta = 1 / (|cos| + |sin|)^2, at
   most 1, and its logarithm changes by at most 2 per radian. Behind the anchor p goes on to 2. Single
   precision is enough: windows are wider by more than its errors. */
WIDE_TOO static void windows(int64_t n, float sin_t, float bins, int32_t slots,
                             const double *restrict right, const double *restrict up,
                             float *restrict angle, int32_t *restrict bin, int32_t *restrict slot,
                             int32_t *restrict from, int32_t *restrict to)
{
    float scale = bins / 2, narrower = slots / bins;
    for (int64_t k = 0; k < n; k++) {
        float r = right[k], u = up[k];
        float square = r * r + u * u + 1e-30f, taxi = fabsf(r) + fabsf(u) + 1e-15f;
        float q = sin_t / sqrtf(square), ahead = u / taxi;
        float half = q * (1 + 0.571f * q * q);
        float bent = half * (square / (taxi * taxi)) * (1 + 2.3f * half);
        float p = r < 0 ? copysignf(2, u) - ahead : ahead;
        half = half < 0.1f ? bent : half;
        half = (q < 1 ? half : 4) + 1e-6f;
        float low = (p - half + 1) * scale, high = (p + half + 1) * scale + 1;
        float middle = (p + 1) * scale;
        low = low > 0 ? low : 0;
        high = high > 0 ? high : 0;
        middle = middle > 0 ? middle : 0;
        middle = middle < bins ? middle : bins - 1;
        from[k] = low < bins ? low : bins;
        to[k] = high < bins ? high : bins;
        bin[k] = middle;
        angle[k] = p;
        float width = fabsf(p) > 1 ? 4 : half;
        int32_t here = (int32_t)(middle * narrower) + (half > NARROW ? slots : 0);
        slot[k] = width > LESS_NARROW ? CLASSES * slots : here;
    }
}

/* How many windows each direction is in. */
static void count_windows(Work *w, int64_t begin, int64_t a, int64_t n)
{
    memset(w->steps, 0, (w->bins + 1) * sizeof *w->steps);
    w->from[a] = w->to[a]; /* the anchor itself is not counted */
    for (int64_t k = begin; k < n; k++) {
        w->steps[w->from[k]]++;
        w->steps[w->to[k]]--;
    }
    int32_t sum = 0;
    for (int64_t k = 0; k < w->bins; k++) w->steps[k] = sum += w->steps[k];
}

/* Sorts the points by the slots of their angles, in classes of the widths of their windows: those
   of slot s of class c begin at first[c * slots + s], those with the widest windows come last and
   have one slot. Where few lines wait, all points do. */
static void sort_by_angle(const Null *null, Work *w, int64_t begin, int64_t lines)
{
    int64_t n = null->n, slots = CLASSES * w->slots + 1;
    memset(w->first, 0, (slots + 2) * sizeof *w->first);
    if (lines * (n - begin) < 2 * (n - begin + slots)) {
        for (int64_t k = begin; k < n; k++) w->by_angle[k - begin] = k;
        w->first[slots] = n - begin;
        return;
    }
    for (int64_t k = begin; k < n; k++) w->first[w->slot[k] + 2]++;
    for (int64_t s = 2; s < slots + 2; s++) w->first[s] += w->first[s - 1];
    for (int64_t k = begin; k < n; k++) w->by_angle[w->first[w->slot[k] + 1]++] = k;
}

static int64_t gather(const Null *null, Work *w, const int32_t *some, int64_t size, int64_t b,
                      double c, double s, int64_t count)
{
    double cosine = w->depth[b], x = w->x[b], y = w->y[b], z = w->z[b];
    double sin_t = null->sin_t * WIDER;
    for (int64_t m = 0; m < size; m++) {
        int32_t k = some[m];
        w->near[count] = k;
        count += (fabs(c * w->up[k] - s * w->right[k]) <= sin_t) & (w->depth[k] >= cosine) &
                 (x * w->x[k] + y * w->y[k] + z * w->z[k] >= cosine);
    }
    return count;
}

/* Lists the lines from anchor a to points of larger u. */
static int from_anchor(const Null *null, Work *w, Out *out, int64_t e, int64_t begin, int64_t a)
{
    /* By the number of points near its whole circle, most pairs are done with here. */
    int64_t n = null->n, some = 0, rising = 0, radii = null->n_radii;
    for (int64_t b = a + 1; b < n; b++) {
        w->rising[some] = b;
        some += w->steps[w->bin[b]] + 1 >= null->min_points;
    }
    for (int64_t m = 0; m < some; m++) {
        int64_t b = w->rising[m], count = w->steps[w->bin[b]] + 1;
        int64_t r = radius_of(null, w->depth[b]);
        if (r < 0) continue;
        if (count < COUNTED) {
            double i = w->within[a * radii + r] + 1, j = w->within[b * radii + r] + 1;
            if (i * j >= w->least_rank[r * COUNTED + count] * (i + j)) continue;
        }
        w->rising[rising++] = b;
    }
    if (!rising) return DONE;

    sort_by_angle(null, w, begin, rising);
    int64_t slots = w->slots, widest = w->first[CLASSES * slots], all = w->first[CLASSES * slots + 1];
    for (int64_t m = 0; m < rising; m++) {
        /* Of the points near the circle, those nearer to each end than the other end is. */
        int64_t b = w->rising[m], count;
        double sine = sqrt(w->right[b] * w->right[b] + w->up[b] * w->up[b]);
        double c = w->right[b] / sine, s = w->up[b] / sine;
        count = gather(null, w, w->by_angle + widest, all - widest, b, c, s, 0);
        for (int class = 0; class < CLASSES && widest; class++) {
            float half = class ? LESS_NARROW : NARROW;
            int64_t low = (w->angle[b] - half + 1) * (slots / 2) - 1;
            int64_t high = (w->angle[b] + half + 1) * (slots / 2) + 2;
            low = class * slots + (low > 0 ? low : 0);
            high = class * slots + (high < slots ? high : slots);
            int64_t from = w->first[low], to = w->first[high];
            count = gather(null, w, w->by_angle + from, to - from, b, c, s, count);
        }
        int64_t r = radius_of(null, w->depth[b]);
        Pair pair = {r, w->within[a * radii + r], w->within[b * radii + r], 0, 0};
        if (!could_pass(null, &pair, count)) continue;
        out->work += count;
        if (out->work > out->max_work) return TOO_MUCH;
        if (!line_could_pass(null, w, begin, a, b, count, c, s, sine, &pair)) continue;

        if (out->lines == out->max_lines) return FULL;
        int64_t l = out->lines++;
        out->field[l] = e;
        int swap = w->order[a] > w->order[b];
        out->i[l] = w->order[swap ? b : a];
        out->j[l] = w->order[swap ? a : b];
        out->radius[l] = r;
        out->within_i[l] = swap ? pair.within_j : pair.within_i;
        out->within_j[l] = swap ? pair.within_i : pair.within_j;
        out->mean[l] = pair.mean;
        out->bound[l] = pair.bound;
        out->count[l] = count;
    }
    return DONE;
}

/* ---- a field ---- */

/* Puts the points in order of u, their place along `axis` of the plane at `centre`, and counts each
   one's neighbours. A pair is seen once, from its end of smaller u. 0: no memory. */
static int enter(const Null *null, Work *w, const double *xyz, double *centre, double *axis,
                 double *least_depth)
{
    int64_t n = null->n, radii = null->n_radii;
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

    memset(w->within, 0, n * radii * sizeof *w->within);
    for (int64_t a = 0; a < n; a++) {
        double x = w->x[a], y = w->y[a], z = w->z[a];
        for (int64_t b = a + 1; b < n; b++) {
            int64_t r = radius_of(null, x * w->x[b] + y * w->y[b] + z * w->z[b]) + 1;
            if (r == radii) continue;
            w->within[a * radii + r]++;
            w->within[b * radii + r]++;
        }
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t r = 1; r < radii; r++) w->within[k * radii + r] += w->within[k * radii + r - 1];
    return 1;
}

/* Lists lines of fields (n_fields, 3, n), each within 60 degrees of its centre, from anchor
   `*anchor` of field `*field` on, where it leaves off. Returns DONE at the end, FULL when no more
   fit, TOO_LITTLE when not even one anchor's lines do, TOO_MUCH when the field takes too much work.
   */
int fink_lines(const Null *null, const double *xyz, int64_t n_fields, int64_t *field,
               int64_t *anchor, Out *out)
{
    int64_t n = null->n, radii = null->n_radii, bins = 64;
    while (bins < 4 * n && bins < 16384) bins *= 2;
    Work w = {.bins = bins, .slots = bins < SLOTS ? bins : SLOTS};
    int64_t slots = CLASSES * w.slots + 1;
    size_t doubles = 14 * n + radii * COUNTED, ints = n * (radii + 8) + bins + slots + 3;
    double *d = malloc(doubles * sizeof *d);
    int32_t *i = malloc(ints * sizeof *i);
    w.order = malloc(n * sizeof *w.order);
    if (!d || !i || !w.order) {
        free(d);
        free(i);
        free(w.order);
        return NO_MEMORY;
    }
    double **columns[] = {&w.x,   &w.y,   &w.z,    &w.u,      &w.right,  &w.up,
                          &w.depth, &w.low, &w.high, &w.sorted, &w.across, &w.weight,
                          &w.aside, &w.ahead};
    for (int k = 0; k < 14; k++, d += n) *columns[k] = d;
    w.least_rank = d;
    w.within = i;
    i += n * radii;
    int32_t **numbers[] = {&w.by_angle, &w.bin, &w.from, &w.to, &w.slot, &w.near, &w.rising};
    for (int k = 0; k < 7; k++, i += n) *numbers[k] = i;
    w.angle = (float *)i;
    w.steps = i + n;
    w.first = w.steps + bins + 1;
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
            double u = w.u[a], axes[9], square = 0;
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
            see(n - begin, w.x + begin, w.y + begin, w.z + begin, axes, w.right + begin,
                w.up + begin, w.depth + begin);
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
    free(w.x);
    free(w.within);
    free(w.order);
    return state;
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
