/* All lines from one point, the anchor, to those ahead of it. */

#include "kernel_grown.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "points near a line are looked up in words of eight bytes, the first one lowest"
#endif

#define WIDER (1 + 1e-6) /* windows relative to T: covers the rounding of angles */
#define CLASSES 2        /* of points that are looked up by angle, by the widths of their windows */

static const float HALF_WIDTHS[CLASSES] = {1.f / 1024, 1.f / 128}; /* at most */

enum { DONE, FULL, TOO_LITTLE, NO_MEMORY, TOO_MUCH };

typedef struct {
    int64_t lines, max_lines;        /* how many there are, and how many fit */
    int64_t work, max_work;          /* points near all lines of the field so far; no more */
    int64_t *field, *i, *j, *radius, *within_i, *within_j, *count; /* (max_lines,) */
    double *mean, *bound;                                         /* (max_lines,) */
} Out;

/* Where a bin is counted: each of eight lanes holds an eighth of all bins, one after another, so that
   they are summed up side by side. Behind the last bin there is one place that nobody looks at. */
static inline int32_t place_of(int32_t bin, int32_t bins, int32_t rows, int32_t row_bits)
{
    int32_t place = (bin & (rows - 1)) * 8 + (bin >> row_bits);
    return bin < bins ? place : bins;
}

/* Pseudo-angles of points as seen from an anchor, their windows' half widths, the places of their own
   bins and of those that a window is in (from, and before to), and their slots, see `sort_by_angle`.

   The circle through the anchor at angle theta passes within T of a point at angle theta_k and
   separation s_k when |theta - theta_k| <= asin(sin T / sin s_k). Angles are counted as
   p = up / (|right| + |up|), which takes no arc tangent: dp/dtheta = 1 / (|cos| + |sin|)^2, at
   most 1, and its logarithm changes by at most 2 per radian. Behind the anchor p goes on to 2. Single
   precision is enough: windows are wider by more than its errors. */
WIDE_TOO static void windows(int64_t n, float sin_t, int32_t n_bins, int32_t slots,
                             const double *restrict right, const double *restrict up,
                             float *restrict angle, int32_t *restrict bin, int32_t *restrict slot,
                             int32_t *restrict from, int32_t *restrict to)
{
    float bins = n_bins, scale = bins / 2, narrower = slots / bins;
    int32_t rows = n_bins / 8, row_bits = __builtin_ctz(rows);
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
        low = low < bins ? low : bins;
        high = high < bins ? high : bins;
        from[k] = place_of(low, n_bins, rows, row_bits);
        to[k] = place_of(high, n_bins, rows, row_bits);
        bin[k] = place_of(middle, n_bins, rows, row_bits);
        angle[k] = p;
        float width = fabsf(p) > 1 ? 4 : half;
        int32_t here = middle * narrower;
        for (int class = 0; class < CLASSES; class++) here += width > HALF_WIDTHS[class] ? slots : 0;
        slot[k] = width > HALF_WIDTHS[CLASSES - 1] ? CLASSES * slots : here;
    }
}

/* Adds to each bin all those before it. */
WIDE_TOO static void sum_up(int64_t rows, int32_t *steps)
{
    EightInts sum = {0}, before = {0};
    for (int64_t k = 0; k < rows; k++) sum += *(const EightInts *)(steps + 8 * k);
    for (int lane = 1; lane < 8; lane++) before[lane] = before[lane - 1] + sum[lane - 1];
    for (int64_t k = 0; k < rows; k++) {
        EightInts *row = (EightInts *)(steps + 8 * k);
        *row = before += *row;
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
    sum_up(w->bins / 8, w->steps);
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

/* Points are looked at in single precision first, with room for its errors: 1 for those that are near
   a line from the anchor, DOUBTFUL, too, for those of which that is not sure, as all within `rim` of
   an end. */
#define DOUBTFUL 0x80
#define ALL_DOUBTFUL 0x8080808080808080

WIDE_TOO static void may_be_near(int64_t n, const float *restrict right, const float *restrict up,
                                 const Line *line, float most, float error, float reach, float rim,
                                 uint8_t *restrict may)
{
    float c = line->c, s = line->s, surely = most - error, end = reach - rim;
    for (int64_t k = 0; k < n; k++) {
        float aside = fabsf(c * up[k] - s * right[k]), ahead = c * right[k] + s * up[k];
        int here = (aside <= most + error) & (ahead >= -error) & (ahead <= reach + error);
        int sure = (aside <= surely) & (ahead >= rim) & (ahead <= end);
        may[k] = here | (here & !sure) * DOUBTFUL;
    }
}

/* Places of the first points by angle, in their order. */
static void turn_by_angle(Work *w, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        w->right1_turned[k] = w->right1[w->by_angle[k]];
        w->up1_turned[k] = w->up1[w->by_angle[k]];
    }
}

/* Those of eight points by angle that may be near a line, DOUBTFUL ones after a closer look. */
static uint64_t surely_near(const Work *w, const int32_t *by_angle, const Line *line, double most,
                            uint64_t word)
{
    int64_t a = line->a, b = line->b;
    double c = line->c, s = line->s, cosine = w->depth[b];
    for (uint64_t doubtful = word & ALL_DOUBTFUL; doubtful; doubtful &= doubtful - 1) {
        int bit = __builtin_ctzll(doubtful) - 7;
        int32_t p = by_angle[bit >> 3];
        double of_b = w->x[b] * w->x[p] + w->y[b] * w->y[p] + w->z[b] * w->z[p];
        if (!((fabs(c * w->up[p] - s * w->right[p]) <= most) & (w->depth[p] >= cosine) &
              (of_b >= cosine) & (p != a) & (p != b)))
            word ^= (uint64_t)1 << bit;
    }
    return word;
}

/* Adds those of the points by angle, from one to before another, that are near the line but are not
   its ends: within T of its circle, and nearer to each end than the other one is. */
static void gather(const Null *null, Work *w, int64_t from, int64_t to, Line *line)
{
    int64_t count = line->count - 2;
    double cosine = w->depth[line->b], most = null->sin_t * WIDER;
    double reach = cosine > 0 ? line->sine : 1, error = 1e-6 * reach;
    double rim = cosine > 0 ? most * most / line->sine + 2 * error : INFINITY;
    uint8_t *may = (uint8_t *)w->aside;
    may_be_near((to - from + 31) / 32 * 32, w->right1_turned + from, w->up1_turned + from, line, most,
                error, reach, rim, may);
    memset(may + (to - from), 0, 8);
    for (int64_t m = from; m < to; m += 8) {
        const int32_t *by_angle = w->by_angle + m;
        uint64_t word;
        memcpy(&word, may + (m - from), sizeof word);
        if (word & ALL_DOUBTFUL) word = surely_near(w, by_angle, line, most, word);
        for (int k = 0; k < 8; k++, word >>= 8) { /* without a branch */
            w->near[count] = by_angle[k];
            count += word & 1;
        }
    }
    w->near[count] = line->a;
    w->near[count + 1] = line->b;
    line->count = count + 2;
}

/* The line from an anchor to a point, with nobody near but its ends. */
static Line line_to(const Work *w, int64_t a, int64_t b)
{
    double sine = sqrt(w->right[b] * w->right[b] + w->up[b] * w->up[b]);
    return (Line){.a = a, .b = b, .count = 2, .c = w->right[b] / sine, .s = w->up[b] / sine,
                  .sine = sine, .length = angle_of(sine, w->depth[b])};
}

/* Whether a line may be one: NO, never; YES; UNSURE, only when a tracklet has taken some of its
   points, as the set that grows from all of them is none. */
static int look_at(const Null *null, Work *w, Line *line)
{
    Pair *pair = &line->pair;
    place(w, line);
    int sure = is_sure(null, w, line), few = line->count <= MANY;
    if (!sure && few && !line_could_pass(null, w, line)) return NO;
    if (!sure && is_hopeless(null, w, line)) return UNSURE;
    if (sure || !few) {
        if (!pair->mean) pair->mean = least_mean_of_all(null, w, line);
        pair->bound = log10_bound(null, pair, line->count, line->count) -
                      evidence_of(null, line->count);
    }
    return YES;
}

/* Whether so many points from a to b may be significant on a uniform sky, by a table. */
static int may_pass(const Work *w, int64_t radii, int64_t a, int64_t b, int64_t radius, int64_t count)
{
    double i = w->within[a * radii + radius] + 1, j = w->within[b * radii + radius] + 1;
    return count >= COUNTED || i * j < w->least_rank[radius * COUNTED + count] * (i + j);
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
        if (may_pass(w, radii, a, b, r, count)) w->rising[rising++] = b;
    }
    if (!rising) return DONE;

    sort_by_angle(null, w, begin, rising);
    turn_by_angle(w, n - begin);
    int64_t slots = w->slots, widest = w->first[CLASSES * slots], all = w->first[CLASSES * slots + 1];
    for (int64_t m = 0; m < rising; m++) {
        int64_t b = w->rising[m], r = radius_of(null, w->depth[b]);
        Line line = line_to(w, a, b);
        gather(null, w, widest, all, &line);
        for (int class = 0; class < CLASSES && widest; class++) {
            int64_t low = (w->angle[b] - HALF_WIDTHS[class] + 1) * (slots / 2) - 1;
            int64_t high = (w->angle[b] + HALF_WIDTHS[class] + 1) * (slots / 2) + 2;
            low = class * slots + (low > 0 ? low : 0);
            high = class * slots + (high < slots ? high : slots);
            gather(null, w, w->first[low], w->first[high], &line);
        }
        if (!may_pass(w, radii, a, b, r, line.count)) continue;
        line.pair = (Pair){r, w->within[a * radii + r], w->within[b * radii + r], 0, 0};
        if (!could_pass(null, &line.pair, line.count)) continue;
        out->work += line.count;
        if (out->work > out->max_work) return TOO_MUCH;
        int swap = w->order[a] > w->order[b];
        line.sense = swap ? -1 : 1;
        line.begin = begin;
        line.end = points_below(w->u, n, w->u[b] + null->widths[null->n_strips - 1]);
        int state = look_at(null, w, &line);
        if (state == NO) continue;

        if (out->lines == out->max_lines) return FULL;
        int64_t l = out->lines++;
        out->field[l] = e;
        out->i[l] = w->order[swap ? b : a];
        out->j[l] = w->order[swap ? a : b];
        out->radius[l] = r;
        out->within_i[l] = swap ? line.pair.within_j : line.pair.within_i;
        out->within_j[l] = swap ? line.pair.within_i : line.pair.within_j;
        out->mean[l] = line.pair.mean;
        out->bound[l] = state == YES ? line.pair.bound : INFINITY;
        out->count[l] = line.count;
    }
    return DONE;
}
