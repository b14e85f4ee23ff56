/* The points near a line that agree with one parabola, as `agree` of grow.py has them. */

#include "kernel_line.h"

#define SLICED 64 /* slices of all curvatures, in which the one that most agree with is looked for */

enum { UNSURE = -1, NO, YES };

/* The intervals of curvatures, within +- limit, that n points allow, those at the ends all of them;
   `own` are the weights of those that have an end of their own, infinite for others. Returns whether
   there are two ends, and no end of an interval is so near to a limit that it may be one or not. */
WIDE_TOO static int intervals(int64_t n, const double *restrict across,
                              const double *restrict weight, double reach, double limit,
                              double error, double at_end, double *restrict lows,
                              double *restrict highs, double *restrict own)
{
    int64_t unsure = 0, ends = 0, near_ends = 0;
    for (int64_t k = 0; k < n; k++) {
        double each = 1 / weight[k], e = error * each;
        double low = (across[k] - reach) * each, high = (across[k] + reach) * each;
        ends += weight[k] == 0;
        near_ends += fabs(weight[k]) < at_end;
        unsure += (weight[k] > 0) &
                  ((fabs(fabs(low) - limit) < e) | (fabs(fabs(high) - limit) < e));
        low = low < -limit ? -limit : low;
        high = high > limit ? limit : high;
        lows[k] = weight[k] > 0 ? low : -limit;
        highs[k] = weight[k] > 0 ? high : limit;
        own[k] = (fabs(lows[k]) < limit) | (fabs(highs[k]) < limit) ? weight[k] : INFINITY;
    }
    return ends == 2 && near_ends == 2 && !unsure;
}

/* The least of n values and of another one. */
static double least_of(int64_t n, const double *values, double other)
{
    double least[] = {other, other, other, other};
    for (int64_t k = 0; k < n; k++)
        least[k % 4] = values[k] < least[k % 4] ? values[k] : least[k % 4];
    for (int l = 1; l < 4; l++) least[0] = least[l] < least[0] ? least[l] : least[0];
    return least[0];
}

/* The ends of the intervals that a curvature lies in; others get `none`. */
WIDE_TOO static void ends_about(int64_t n, const double *restrict low, const double *restrict high,
                                double curvature, double none, double *restrict ends)
{
    for (int64_t k = 0; k < n; k++)
        ends[k] = (low[k] <= curvature) & (curvature <= high[k]) ? high[k] : none;
}

/* The points whose intervals a curvature lies in. Returns how many ends are within `near` of it. */
WIDE_TOO static int64_t allow(int64_t n, const double *restrict low, const double *restrict high,
                              double curvature, double near, double *restrict member)
{
    int64_t unsure = 0;
    for (int64_t k = 0; k < n; k++) {
        member[k] = (low[k] <= curvature) & (curvature <= high[k]) ? 1 : 0;
        unsure += (fabs(low[k] - curvature) < near) | (fabs(high[k] - curvature) < near);
    }
    return unsure;
}

/* The slices of all curvatures, within +- limit, that n intervals are from, and to: none for those
   beyond the limits. Returns how many ends are within `near` of where one begins, but the first. */
WIDE_TOO static int64_t slices_of(int64_t n, const double *restrict low,
                                  const double *restrict high, double limit, double near,
                                  int slices, int32_t *restrict from, int32_t *restrict to)
{
    int64_t unsure = 0;
    double scale = slices / (2 * limit), edge = near * scale;
    for (int64_t k = 0; k < n; k++) {
        double a = (low[k] + limit) * scale, b = (high[k] + limit) * scale;
        int32_t first = a, last = b, inside = low[k] <= high[k];
        int off_a = (a - first < edge) | (a - first > 1 - edge);
        int off_b = (b - last < edge) | (b - last > 1 - edge);
        unsure += inside & ((off_a & (low[k] > -limit)) | (off_b & (high[k] < limit)));
        from[k] = inside ? first : SLICED;
        to[k] = !inside ? SLICED : last < slices ? last : slices - 1;
    }
    return unsure;
}

/* The intervals that begin in a slice, at n_low places, and end there, at n_high; `there` when it
   begins. More places may follow, none of them lower. Where most intervals are, if they are more than
   `best`, or as many and sooner than `first`. Returns 0 where an end is within `near`. */
WIDE_TOO static int most_in_slice(const double *restrict low, int32_t n_low,
                                  const double *restrict high, int32_t n_high, int64_t there,
                                  double near, int64_t *best, double *first)
{
    FourInts positive = (FourInts){0} + INT64_MAX, unsure = {0};
    for (int32_t k = 0; k < n_low; k++) {
        Four here = (Four){0} + low[k];
        FourInts counts = {0};
        for (int32_t m = 0; m < n_low; m += 4) counts -= *(const Four *)(low + m) <= here;
        for (int32_t m = 0; m < n_high; m += 4) {
            Four off = *(const Four *)(high + m) - here;
            counts += off < (Four){0};
            unsure |= (Four)((FourInts)off & positive) < (Four){0} + near;
        }
        int64_t count = there + counts[0] + counts[1] + counts[2] + counts[3];
        if (count > *best || (count == *best && low[k] < *first)) {
            *best = count;
            *first = low[k];
        }
    }
    return !(unsure[0] | unsure[1] | unsure[2] | unsure[3]);
}

/* The first beginning of an interval, low to high, that lies in most of n. It is looked for only in
   those slices that may hold it. */
static int first_of_most(Work *w, int64_t n, double limit, double error, double *first)
{
    int32_t begun[SLICED + 2] = {0}, ended[SLICED + 2] = {0}; /* before a slice */
    int32_t *from = w->begin_slice, *to = w->end_slice, most = 0;
    int64_t best = 0;
    double near = 2 * error;
    int slices = SLICED; /* and a few less, where an end may be in one or in the next */
    while (slices_of(n, w->low, w->high, limit, near, slices, from, to))
        if (--slices < SLICED - 4) return UNSURE;
    for (int64_t k = 0; k < n; k++) {
        begun[from[k] + 1]++;
        ended[to[k] + 1]++;
    }
    for (int l = 0; l < SLICED; l++) {
        begun[l + 1] += begun[l];
        ended[l + 1] += ended[l];
        int32_t there = begun[l] - ended[l]; /* where it begins */
        most = there > most ? there : most;
    }
    /* The ends in these slices, slice by slice; others are put where nobody looks. */
    int32_t low_at[SLICED + 1], high_at[SLICED + 1], step[SLICED + 1], lows = 0, highs = 0;
    for (int l = 0; l < SLICED; l++) {
        step[l] = begun[l + 1] - ended[l] >= most;
        low_at[l] = step[l] ? lows : n;
        high_at[l] = step[l] ? highs : n;
        lows += step[l] * (begun[l + 1] - begun[l]);
        highs += step[l] * (ended[l + 1] - ended[l]);
    }
    step[SLICED] = 0;
    low_at[SLICED] = high_at[SLICED] = n;
    for (int64_t k = 0; k < n; k++) {
        int32_t from_k = from[k], to_k = to[k];
        w->sorted[low_at[from_k]] = w->low[k];
        low_at[from_k] += step[from_k];
        w->aside[high_at[to_k]] = w->high[k];
        high_at[to_k] += step[to_k];
    }
    for (int k = 0; k < 4; k++) w->sorted[lows + k] = w->aside[highs + k] = INFINITY;
    for (int l = 0; l < SLICED; l++) {
        if (!step[l]) continue;
        int32_t n_low = begun[l + 1] - begun[l], n_high = ended[l + 1] - ended[l];
        if (!most_in_slice(w->sorted + low_at[l] - n_low, n_low, w->aside + high_at[l] - n_high,
                           n_high, begun[l] - ended[l], near, &best, first))
            return UNSURE;
    }
    return YES;
}

/* The points that agree with the first of the curvatures which most agree with: `agree`. */
static int agree(const Null *null, Work *w, const Line *line, double error_across)
{
    double limit = null->max_curvature / 2, reach = 2 * null->tolerance;
    int64_t n = line->count;
    if (!intervals(n, w->across, w->weight, reach, limit, error_across, 1e-14 * line->length, w->low,
                   w->high, w->sorted))
        return UNSURE;
    double error = error_across / least_of(n, w->sorted, INFINITY), first;
    if (first_of_most(w, n, limit, error, &first) == UNSURE) return UNSURE;

    /* In the middle of the interval that they have in common. */
    ends_about(n, w->low, w->high, first, limit, w->sorted);
    double middle = (first + least_of(n, w->sorted, limit)) / 2;
    return allow(n, w->low, w->high, middle, 2 * error, w->member) ? UNSURE : YES;
}
