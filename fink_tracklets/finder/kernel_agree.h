/* The points near a line that agree with one parabola, as `agree` of grow.py has them. */

#include "kernel_line.h"

#define BENDS 64 /* curvatures on either side of straight that are counted, at most */

enum { UNSURE = -1, NO, YES };

/* The first and the last of the curvatures that each of n points allows, as numbers from 0 to the
   last one, 2 * half; none where it is the other way round. Those of no weight, at the ends, allow
   all. `error` is that of a number, times the weight. Returns whether there are two ends, and no
   limit is so near to a curvature that it may be on either side. */
WIDE_TOO static int numbers_of(int64_t n, const double *restrict across,
                               const double *restrict weight, double reach, double scale,
                               double half, double error, double at_end,
                               int32_t *restrict from, int32_t *restrict to)
{
    int64_t unsure = 0, ends = 0, near_ends = 0;
    double before = -0.5, behind = 2 * half + 0.5;
    for (int64_t k = 0; k < n; k++) {
        double each = 1 / weight[k], e = error * each;
        double low = (across[k] - reach) * (scale * each) + half;
        double high = (across[k] + reach) * (scale * each) + half;
        low = low > before ? low : before;
        high = high > before ? high : before;
        low = low < behind ? low : behind;
        high = high < behind ? high : behind;
        int32_t first = low + 1, last = high + 1, tells = weight[k] > 0;
        unsure += tells & ((first - low < e) | (low + 1 - first < e) | (last - high < e) |
                           (high + 1 - last < e));
        ends += weight[k] == 0;
        near_ends += fabs(weight[k]) < at_end;
        from[k] = tells ? first : 0;
        to[k] = tells ? last - 1 : (int32_t)(2 * half);
    }
    return ends == 2 && near_ends == 2 && !unsure;
}

/* The points that allow a curvature. */
WIDE_TOO static void allow(int64_t n, const int32_t *restrict from, const int32_t *restrict to,
                           int32_t curvature, double *restrict member)
{
    for (int64_t k = 0; k < n; k++) member[k] = (from[k] <= curvature) & (curvature <= to[k]);
}

/* The points that agree with the curvature which most agree with, the first such and the middle one
   of those that follow it: `agree`. */
static int agree(const Null *null, Work *w, const Line *line, double error_across)
{
    int64_t n = line->count, half = null->n_bends;
    double length = line->length, reach = 2 * null->tolerance;
    double widest = 8 * (null->first_tolerance + reach) / (length * length);
    if (widest > null->max_curvature / 2) widest = null->max_curvature / 2;
    double scale = half / widest, error = 2 * error_across * scale + 2e-14 * half * length;
    int32_t *from = w->first_bend, *to = w->last_bend, steps[2 * BENDS + 2] = {0};
    if (!numbers_of(n, w->across, w->weight, reach, scale, half, error, 1e-14 * length, from, to))
        return UNSURE;
    for (int64_t k = 0; k < n; k++) {
        int32_t inside = from[k] <= to[k];
        steps[from[k]] += inside;
        steps[to[k] + 1] -= inside;
    }
    int32_t sum = 0, most = 0, first = 0, last = 0;
    for (int32_t c = 0; c <= 2 * half; c++) {
        sum += steps[c];
        if (sum > most) {
            most = sum;
            first = c;
            last = c - 1;
        }
        if (sum == most && last == c - 1) last = c;
    }
    allow(n, from, to, (first + last) / 2, w->member);
    return YES;
}
