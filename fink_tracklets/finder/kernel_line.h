/* One line: bounds that leave it out before a curve is fitted. */

#include "kernel_places.h"

#define MANY 24          /* points on a line, from which on a fit costs no more than the bounds */
#define SLICES 64        /* of all curvatures, in which intervals are first counted */
#define SURE 20          /* of a log10 NFA, below the limit: a line that is listed at once */

/* Most points, the ends included, that agree with one parabola from end to end which is bent by no
   more than 2 * limit: within two tolerances each allows an interval of curvatures (see `agree` in
   grow.py). A point so near an end that it tells nothing agrees with all. Where they are many they
   are first counted by slices, which gives no less, and that is it when there are fewer than `need`.
   */
static int64_t most_agreeing(const Null *null, Work *w, int64_t count, double limit, int64_t need)
{
    int64_t all = 0, some = 0;
    double reach = 2.002 * null->tolerance;
    for (int64_t k = 0; k < count; k++) {
        if (!(w->weight[k] > 1e-13)) {
            all++;
            continue;
        }
        double low = (w->across[k] - reach) / w->weight[k];
        double high = (w->across[k] + reach) / w->weight[k];
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

/* How far some points are aside of a direction in the anchor's plane. */
WIDE_TOO static void turn(int64_t n, const double *restrict right, const double *restrict up,
                          double c, double s, double *restrict aside)
{
    for (int64_t k = 0; k < n; k++) aside[k] = c * up[k] - s * right[k];
}

typedef float Eight __attribute__((vector_size(32), aligned(4)));
typedef int32_t EightInts __attribute__((vector_size(32), aligned(4)));

#define STRIPS 5 /* at most */

typedef struct {
    float c, s, scale, slope; /* of a line: its direction, and its end */
    float d0, d1, d2;         /* of a parabola beside it, in u from -1 at the anchor to 1 */
    float inner, outer[STRIPS];
} Strips;

/* How many points there are on the right and on the left of a parabola, further than `inner` and nearer
   than each of `outer`. Some places behind the last point must be readable. */
WIDE_TOO static void count_in_strips(int64_t n, const float *restrict right,
                                     const float *restrict up, const float *restrict depth,
                                     const Strips *strips, int32_t counts[2][STRIPS])
{
    const Eight zero = {0}, far = zero + INFINITY;
    const EightInts lane = {0, 1, 2, 3, 4, 5, 6, 7};
    float c = strips->c, s = strips->s, scale = strips->scale, slope = strips->slope;
    float d0 = strips->d0, d1 = strips->d1, d2 = strips->d2, inner = strips->inner;
    EightInts sums[2][STRIPS] = {{{0}}};
    for (int64_t k = 0; k < n; k += 8) {
        Eight x = *(const Eight *)(right + k), y = *(const Eight *)(up + k);
        Eight ahead = c * x + s * y, u = ahead * scale - 1;
        Eight left = c * y - s * x - ((d2 * u + d1) * u + d0), other = -left;
        EightInts in = (ahead > zero) & (ahead < slope * *(const Eight *)(depth + k)) &
                       (lane < (int32_t)(n - k));
        EightInts on_left = in & (left > inner), on_right = in & (other > inner);
        left = (Eight)(((EightInts)left & on_left) | ((EightInts)far & ~on_left));
        other = (Eight)(((EightInts)other & on_right) | ((EightInts)far & ~on_right));
        for (int l = 0; l < STRIPS; l++) {
            sums[0][l] -= other < strips->outer[l];
            sums[1][l] -= left < strips->outer[l];
        }
    }
    for (int side = 0; side < 2; side++)
        for (int l = 0; l < STRIPS; l++) {
            counts[side][l] = 0;
            for (int k = 0; k < 8; k++) counts[side][l] += sums[side][l][k];
        }
}

/* Chance points expected, at least, on any track between the ends that keeps within `bend` of the
   line, or of a parabola beside it: `least_mean` of crowds.py. */
static double least_mean(const Null *null, const Work *w, const Line *line, double bend,
                         double d0, double d1, double d2)
{
    int64_t n_strips = null->n_strips, begin = line->begin;
    double length = line->length, widest = null->widths[n_strips - 1];
    double margin = 5e-7 * (line->sine + widest); /* of single precision */
    Strips strips = {line->c, line->s, 2 / line->sine, line->sine / w->depth[line->b], d0, d1, d2};
    strips.inner = 3 * null->tolerance + bend + margin;
    for (int l = 0; l < n_strips; l++) {
        double outer = null->widths[l] - bend - margin;
        strips.outer[l] = outer > 0 ? outer : 0;
    }
    if (strips.outer[n_strips - 1] <= strips.inner) return 0;
    int32_t counts[2][STRIPS];
    count_in_strips(line->end - begin, w->right1 + begin, w->up1 + begin, w->depth1 + begin, &strips,
                    counts);
    double largest = null->density;
    for (int side = 0; side < 2; side++) {
        double floor = null->density;
        for (int64_t l = n_strips - 1; l >= 0; l--) {
            int64_t k = counts[side][l];
            if (!k) continue;
            double width = null->widths[l];
            double area = (width - 3 * null->tolerance) * (length + 2 * width);
            double raised = (k + sqrt(k)) / (area + 0.5 / floor), enough = null->enough[k] / area;
            double least = raised < enough ? raised : enough;
            if (least > floor) floor = least;
        }
        if (floor > largest) largest = floor;
    }
    return 2 * null->tolerance * length * largest * (1 - 1e-6);
}

/* The same on any track at all that is a set of the line. */
static double least_mean_of_all(const Null *null, const Work *w, const Line *line)
{
    double bend = null->max_curvature * line->length * line->length / 8 + 2 * null->tolerance + 1e-7;
    return least_mean(null, w, line, bend, 0, 0, 0);
}

/* Whether so many points are on the straight line that it needs no closer look, even among dense
   surroundings. */
static int is_sure(const Null *null, Work *w, Line *line)
{
    Pair *pair = &line->pair;
    int64_t straight = 0; /* in a strip they are but a part of all that is near */
    for (int64_t k = 0; k < line->count; k++) straight += fabs(w->across[k]) <= null->tolerance;
    if (2 * straight < line->count) return 0;
    if (log10_bound(null, pair, straight, line->count) >= null->limit - SURE) return 0;
    pair->mean = least_mean_of_all(null, w, line);
    return log10_bound(null, pair, straight, line->count) < null->limit - SURE;
}

/* Whether the points near a line could hold a tracklet from end to end. */
static int line_could_pass(const Null *null, Work *w, Line *line)
{
    /* No more of them than agree with one parabola, and no more than there is room for, as resolved
       points of a set are T apart. */
    Pair *pair = &line->pair;
    double limit = null->max_curvature / 2;
    int64_t need = null->min_points, count = line->count;
    while (need < count && !could_pass(null, pair, need)) need++;
    int64_t most = most_agreeing(null, w, count, limit, need);
    if (!could_pass(null, pair, most)) return 0;

    /* A gap between the near points is in every set of them, and no set is longer. It must be one
       between resolved points: a smaller one says nothing. */
    memcpy(w->sorted, w->along, count * sizeof *w->sorted);
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
    gap = gap > 2 * null->first_tolerance ? gap / line->length * (1 - 1e-5) : 0;

    /* A fitted curve may bend more than the interval allows, by one tolerance in the middle. */
    limit += 4.01 * null->tolerance / (line->length * line->length);
    most = most_agreeing(null, w, count, limit, 0);
    if (room < most) most = room;
    if (least_nfa(null, pair, most, count, gap) >= null->later) return 0;

    /* Nor may the line's surroundings be so dense that as many come by chance. */
    if (!pair->mean) pair->mean = least_mean_of_all(null, w, line);
    pair->bound = least_nfa(null, pair, most, count, gap);
    return pair->bound < null->later;
}
