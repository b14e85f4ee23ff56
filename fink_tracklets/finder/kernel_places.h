/* Points, lines, and the places of the points near a line. */

#include "kernel_null.h"

#define FEW 64           /* values that are sorted by their ranks */
#define SORTED 128       /* slices of values that are sorted */

typedef struct {
    double *x, *y, *z, *u;           /* points in order of u */
    double *right, *up, *depth;      /* as seen from the anchor */
    float *right1, *up1, *depth1;    /* the same in single precision */
    float *angle;                    /* pseudo-angle */
    float *right1_turned, *up1_turned; /* in the order of by_angle */
    double *along, *across, *weight; /* places of the points near a line: Work.near */
    double *low, *high, *sorted, *aside, *ahead;
    int64_t *order;
    int32_t *within, *steps, *first, *by_angle, *near, *rising;
    int32_t *bin, *from, *to;        /* of a point, and of its window: from, and before to */
    int32_t *slot;                   /* of a point, see `sort_by_angle` */
    int32_t *first_bend, *last_bend; /* of the curvatures that a point near a line allows */
    double *member;                  /* 1 for those of the points near a line that are in its set */
    int32_t *marked;                 /* the same, of all points */
    double *least_rank;              /* (n_radii, COUNTED) */
    int64_t bins, slots;
    double axes[9];                  /* of the anchor: right, up and depth */
    int64_t seen;                    /* points before this one were not looked at from the anchor */
    double stretch;                  /* of the field, at most: change of u for a small separation */
} Work;

typedef struct {
    int64_t a, b;         /* its ends */
    int64_t begin, end;   /* the first point that can be near it, and behind the last one beside it */
    int64_t count;        /* points near it */
    double c, s;          /* its direction from a: c right + s up */
    double sense;         /* -1 where numpy counts from b */
    double sine, length;
    Pair pair;
} Line;

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

/* The radii that separations of some points from one reach, as numbers (see `radius_of`), and whether
   each is doubtful: by `rounding`, or by `margin`, how much less than double the versine may become
   between two radii. */
WIDE_TOO static void radii_of(const Null *null, int64_t n, const double *restrict x,
                              const double *restrict y, const double *restrict z, double x0,
                              double y0, double z0, double rounding, double margin,
                              int32_t *restrict radius, int32_t *restrict doubtful)
{
    double scale = 1 / null->least_versine;
    int64_t mantissa = ((int64_t)1 << 52) - 1, low = rounding * mantissa;
    int64_t high = mantissa * (1 - 2 * (margin + rounding));
    for (int64_t k = 0; k < n; k++) {
        double versine = (1 - (x0 * x[k] + y0 * y[k] + z0 * z[k])) * scale;
        int64_t bits;
        memcpy(&bits, &versine, sizeof bits);
        int32_t exponent = (bits >> 52) - 1023;
        radius[k] = exponent > -1 ? exponent : -1;
        doubtful[k] = ((bits & mantissa) < low) | ((bits & mantissa) > high);
    }
}

/* How many other points are nearer to each point than each of the radii. */
static void count_neighbours(const Null *null, Work *w, double least_depth)
{
    int64_t n = null->n, radii = null->n_radii;
    double widest = 2 * acos(least_depth < 1 ? least_depth : 1), margin = widest * widest / 12;
    double rounding = 1e-15 / null->least_versine; /* of a versine, and of that of a radius */
    int32_t *radius = w->bin, *doubtful = w->slot;
    memset(w->within, 0, n * radii * sizeof *w->within);
    for (int64_t a = 0; a < n; a++) {
        double x = w->x[a], y = w->y[a], z = w->z[a];
        int32_t *mine = w->within + a * radii;
        radii_of(null, n - a - 1, w->x + a + 1, w->y + a + 1, w->z + a + 1, x, y, z, rounding,
                 margin, radius + a + 1, doubtful + a + 1);
        for (int64_t b = a + 1; b < n; b++) {
            int64_t r = radius[b] + 1;
            if (doubtful[b]) r = radius_of(null, x * w->x[b] + y * w->y[b] + z * w->z[b]) + 1;
            if (r >= radii) continue;
            mine[r]++;
            w->within[b * radii + r]++;
        }
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t r = 1; r < radii; r++) w->within[k * radii + r] += w->within[k * radii + r - 1];
}

/* Scalar products of the points with three vectors, in single precision, too. */
WIDE_TOO static void see(int64_t n, const double *restrict x, const double *restrict y,
                         const double *restrict z, const double *restrict axes,
                         double *restrict right, double *restrict up, double *restrict depth,
                         float *restrict right1, float *restrict up1, float *restrict depth1)
{
    double a0 = axes[0], a1 = axes[1], a2 = axes[2], a3 = axes[3], a4 = axes[4], a5 = axes[5];
    double a6 = axes[6], a7 = axes[7], a8 = axes[8];
    for (int64_t k = 0; k < n; k++) {
        right[k] = a0 * x[k] + a1 * y[k] + a2 * z[k];
        up[k] = a3 * x[k] + a4 * y[k] + a5 * z[k];
        depth[k] = a6 * x[k] + a7 * y[k] + a8 * z[k];
        right1[k] = right[k];
        up1[k] = up[k];
        depth1[k] = depth[k];
    }
}

/* Looks at the points from one to before another one from the anchor. */
static void look_at_some(Work *w, int64_t from, int64_t to)
{
    see(to - from, w->x + from, w->y + from, w->z + from, w->axes, w->right + from, w->up + from,
        w->depth + from, w->right1 + from, w->up1 + from, w->depth1 + from);
    w->seen = from;
}

/* How many points have a smaller u. */
static int64_t points_below(const double *u, int64_t n, double limit)
{
    int64_t low = 0;
    while (low < n) {
        int64_t middle = (low + n) / 2;
        if (u[middle] < limit) low = middle + 1;
        else n = middle;
    }
    return low;
}

typedef double Four __attribute__((vector_size(32), aligned(8)));
typedef int64_t FourInts __attribute__((vector_size(32), aligned(8)));

/* Sorts a few values, each to where as many as are less leave it. */
WIDE_TOO static void sort_few(double *restrict values, int64_t n)
{
    double all[FEW + 4];
    for (int64_t k = 0; k < n; k++) all[k] = values[k];
    for (int64_t k = n; k < n + 4; k++) all[k] = INFINITY;
    for (int64_t k = 0; k < n; k++) values[k] = -INFINITY;
    for (int64_t k = 0; k < n; k++) {
        FourInts less = {0};
        for (int64_t m = 0; m < n; m += 4) less -= *(const Four *)(all + m) < (Four){0} + all[k];
        values[less[0] + less[1] + less[2] + less[3]] = all[k];
    }
    for (int64_t k = 1; k < n; k++) /* equal ones */
        values[k] = values[k] > values[k - 1] ? values[k] : values[k - 1];
}

/* Shell's sort: no call for a comparison. */
static void sort(double *values, int64_t n)
{
    if (n <= FEW) {
        sort_few(values, n);
        return;
    }
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

/* Sorts values between two limits: first by slices of the interval between them. */
static void sort_between(double *values, int64_t n, double low, double high, double *spare)
{
    if (n <= FEW) {
        sort(values, n);
        return;
    }
    int32_t first[SORTED + 1] = {0};
    double scale = SORTED / (high - low) * (1 - 1e-9);
    for (int64_t k = 0; k < n; k++) {
        spare[k] = values[k];
        first[1 + (int32_t)((values[k] - low) * scale)]++;
    }
    for (int l = 1; l < SORTED; l++) first[l] += first[l - 1];
    for (int64_t k = 0; k < n; k++) values[first[(int32_t)((spare[k] - low) * scale)]++] = spare[k];
    for (int64_t k = 1; k < n; k++) {
        double v = values[k];
        int64_t l = k;
        for (; l > 0 && values[l - 1] > v; l--) values[l] = values[l - 1];
        values[l] = v;
    }
}

/* Arc sine up to 0.1, to the last digits. */
static inline double small_arc_sine(double x)
{
    double q = x * x;
    return x * (1 + q * (1. / 6 + q * (3. / 40 + q * (15. / 336 + q * (105. / 3456 + q * (945. / 42240
             + q * (10395. / 599040 + q * (135135. / 9676800))))))));
}

/* The angle from the anchor of a point so far ahead and so deep. */
static double angle_of(double ahead, double depth)
{
    double sine = ahead / sqrt(ahead * ahead + depth * depth);
    return depth > 0 && fabs(sine) <= 0.1 ? small_arc_sine(sine) : atan2(ahead, depth);
}

/* Places of n points of a field, `those`, along and across a line, where they are small. */
WIDE_TOO static void places_of(int64_t n, const int32_t *restrict those, const Line *line,
                               const double *restrict right, const double *restrict up,
                               const double *restrict depth, double *restrict along,
                               double *restrict across)
{
    double c = line->c, s = line->s, sense = line->sense;
    for (int64_t k = 0; k < n; k++) {
        int32_t p = those[k];
        double x = right[p], y = up[p], z = depth[p], ahead = c * x + s * y;
        along[k] = small_arc_sine(ahead / sqrt(ahead * ahead + z * z));
        across[k] = small_arc_sine(sense * (c * y - s * x));
    }
}

/* The same, however large they are; `furthest` is so at least. */
static void all_places_of(const Work *w, int64_t n, const int32_t *those, const Line *line,
                          double furthest, double *along, double *across)
{
    double c = line->c, s = line->s;
    places_of(n, those, line, w->right, w->up, w->depth, along, across);
    for (int64_t k = 0; furthest > 0.09 && k < n; k++) {
        int32_t p = those[k];
        double ahead = c * w->right[p] + s * w->up[p], aside = c * w->up[p] - s * w->right[p];
        if (fabs(ahead) > 0.09 || w->depth[p] < 0.9) along[k] = angle_of(ahead, w->depth[p]);
        if (fabs(aside) > 0.1) across[k] = line->sense * asin(aside);
    }
}

/* The places of the points near a line, in its sense. The ends come last, exactly at the ends. */
static void place(Work *w, const Line *line)
{
    int64_t others = line->count - 2;
    double sense = line->sense, length = line->length;
    all_places_of(w, others, w->near, line, line->sine, w->along, w->across);
    w->along[others] = w->across[others] = w->across[others + 1] = 0;
    w->along[others + 1] = length;
    for (int64_t k = 0; k < line->count; k++) {
        double along = w->along[k];
        w->weight[k] = along * (length - along);
        w->along[k] = sense > 0 ? along : length - along;
    }
}
