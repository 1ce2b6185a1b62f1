/* The mixer's inner loops: a template, compiled for each width of vectors.
 *
 * What a member gives is a whole number x in the form of the float 1.5 * 2^23 + x: its bits are
 * MIX_BIAS + x, and such bits add up as the numbers do. A bridge that is a run of tiles is added up
 * across the rows as they lie. Tiles that bridges share are turned, so that a channel's samples lie
 * side by side and its bridge may be any; what is heard is turned back.
 *
 * The includer defines MIX_LANES, MIX_NAME(what), the types mix_f and mix_i of so many floats and
 * uint32_t, and on them, by quarters of 16 octets: MIX_LOW and MIX_HIGH (a, b), which shuffle the
 * lower or upper pairs of numbers, MIX_LOW_PAIR and MIX_HIGH_PAIR, which join pairs, and
 * MIX_SPREAD(x, i), number i of its quarter everywhere. Across the quarters: MIX_NAME(cross)(v),
 * which turns MIX_LANES vectors by quarters, and MIX_NAME(fold)(x), the sum of all in each quarter.
 * MIX_NAME(clip)(x) is within ±MIX_MOST. */

static ALWAYS_INLINE mix_i MIX_NAME(give)(const float *row, mix_f gain)
{
    return (mix_i)(*(const mix_f *)row * gain + MIX_SHIFT);
}

static ALWAYS_INLINE void MIX_NAME(turn)(mix_i *v)
{
    for (int i = 0; i < MIX_LANES; i += 4) {
        const mix_i a = MIX_LOW(v[i], v[i + 1]), b = MIX_LOW(v[i + 2], v[i + 3]);
        const mix_i c = MIX_HIGH(v[i], v[i + 1]), d = MIX_HIGH(v[i + 2], v[i + 3]);
        v[i] = MIX_LOW_PAIR(a, b);
        v[i + 1] = MIX_HIGH_PAIR(a, b);
        v[i + 2] = MIX_LOW_PAIR(c, d);
        v[i + 3] = MIX_HIGH_PAIR(c, d);
    }
    MIX_NAME(cross)(v);
}

/* What a tile gives in n rows, turned. */
static ALWAYS_INLINE void MIX_NAME(give_tile)(const mix_seats *s, const float *pcm, long cstride,
                                              int n, int tile)
{
    for (int first = tile; first < tile + TILE; first += MIX_LANES) {
        const mix_f step = *(const mix_f *)(s->step + first);
        mix_f gain = *(const mix_f *)(s->say + first);
        for (int at = 0; at < n; at += MIX_LANES) {
            mix_i v[MIX_LANES];
            for (int r = 0; r < MIX_LANES; r++, gain += step)
                v[r] = MIX_NAME(give)(pcm + (at + r < n ? at + r : n - 1) * cstride + first, gain);
            MIX_NAME(turn)(v);
            for (int c = 0; c < MIX_LANES; c++)
                *(mix_i *)(s->given + (long)(first + c) * MIX_ROWS + at) = v[c];
        }
        *(mix_f *)(s->say + first) = gain;
    }
}

/* Adds up the bridges that share tiles; of nobody's, what is heard is less nothing. */
static ALWAYS_INLINE void MIX_NAME(add)(const mix_seats *s)
{
    for (int slot = 0; slot <= s->slots; slot++) {
        const int32_t *member = s->member + s->first[slot];
        const int members = slot < s->slots ? s->first[slot + 1] - s->first[slot] : 0;
        if (members && s->tile[member[0] / TILE] != MIX_TURNED)
            continue;
        for (int at = 0; at < MIX_ROWS; at += MIX_LANES) {
            mix_i sum = (mix_i){0} + MIX_BIAS * (1u - (uint32_t)members);
            for (int k = 0; k < members; k++)
                sum += *(const mix_i *)(s->given + (long)member[k] * MIX_ROWS + at);
            *(mix_i *)(s->total + (long)slot * MIX_ROWS + at) = sum;
        }
    }
}

/* What a tile hears in n rows: of each its bridge's total less what it gave, times hear, clipped. */
static ALWAYS_INLINE void MIX_NAME(hear_tile)(const mix_seats *s, float *out, long cstride, int n,
                                              int tile)
{
    for (int first = tile; first < tile + TILE; first += MIX_LANES) {
        const mix_f hear = *(const mix_f *)(s->hear + first);
        for (int at = 0; at < n; at += MIX_LANES) {
            mix_i v[MIX_LANES];
            for (int c = 0; c < MIX_LANES; c++) {
                const long channel = first + c;
                v[c] = *(const mix_i *)(s->total + (long)s->slot[channel] * MIX_ROWS + at)
                       - *(const mix_i *)(s->given + channel * MIX_ROWS + at);
            }
            MIX_NAME(turn)(v);
            for (int r = 0; r < MIX_LANES && at + r < n; r++)
                *(mix_f *)(out + (at + r) * cstride + first) =
                    MIX_NAME(clip)(MIX_NAME(real)(v[r]) * hear);
        }
    }
}

/* Those who whisper are heard as if their listener had given so much less. */
static ALWAYS_INLINE void MIX_NAME(whisper)(const mix_seats *s, const float *pcm, long cstride,
                                            int n)
{
    for (int k = 0; k < s->whisperers; k++) {
        const int from = s->whisperer[k];
        uint32_t *to = s->given + (long)s->whisper_to[from] * MIX_ROWS;
        for (int r = 0; r < n; r++)
            to[r] -= mix_whole(pcm[r * cstride + from] * s->whisper_gain[from]) - MIX_BIAS;
    }
}

/* n rows of all tiles that are turned. */
static ALWAYS_INLINE void MIX_NAME(piece)(const mix_seats *s, const float *pcm, float *out,
                                          long cstride, int n)
{
    for (int t = 0; t < s->width; t += TILE)
        if (s->tile[t / TILE] == MIX_TURNED)
            MIX_NAME(give_tile)(s, pcm, cstride, n, t);
    MIX_NAME(add)(s);
    MIX_NAME(whisper)(s, pcm, cstride, n);
    for (int t = 0; t < s->width; t += TILE)
        if (s->tile[t / TILE] == MIX_TURNED)
            MIX_NAME(hear_tile)(s, out, cstride, n, t);
}

static ALWAYS_INLINE mix_i MIX_NAME(row_sum)(const float *row, const float *say, int n)
{
    mix_i sum = {0};
    for (int c = 0; c < n; c += MIX_LANES)
        sum += MIX_NAME(give)(row + c, *(const mix_f *)(say + c));
    return sum;
}

/* The sums of four rows that are `step` floats apart, side by side in each quarter. */
static ALWAYS_INLINE mix_i MIX_NAME(row_sums)(const float *row, long step, const float *say, int n)
{
    const mix_i a = MIX_NAME(row_sum)(row, say, n), b = MIX_NAME(row_sum)(row + step, say, n);
    const mix_i c = MIX_NAME(row_sum)(row + 2 * step, say, n);
    const mix_i d = MIX_NAME(row_sum)(row + 3 * step, say, n);
    const mix_i low = MIX_LOW(a, b) + MIX_HIGH(a, b), high = MIX_LOW(c, d) + MIX_HIGH(c, d);
    const mix_i sum = MIX_LOW_PAIR(low, high) + MIX_HIGH_PAIR(low, high);
    return MIX_NAME(fold)(sum) - MIX_BIAS * (uint32_t)(n - 1);
}

static ALWAYS_INLINE void MIX_NAME(row_heard)(const float *row, mix_i all, const float *say,
                                              const float *hear, int n, float *out)
{
    for (int c = 0; c < n; c += MIX_LANES) {
        const mix_i rest = all - MIX_NAME(give)(row + c, *(const mix_f *)(say + c));
        *(mix_f *)(out + c) = MIX_NAME(clip)(MIX_NAME(real)(rest) * *(const mix_f *)(hear + c));
    }
}

/* All of a bridge whose members are n neighbours and nobody else: four rows are added up at once, so
 * that the sums across a row cost few shuffles; what a member gave is then reckoned once more from
 * what is in the nearest cache. */
static ALWAYS_INLINE void MIX_NAME(alone)(const float *pcm, float *out, long step, int rows, int n,
                                          const float *say, const float *hear)
{
    for (; rows >= 4; rows -= 4, pcm += 4 * step, out += 4 * step) {
        const mix_i all = MIX_NAME(row_sums)(pcm, step, say, n);
        MIX_NAME(row_heard)(pcm, MIX_SPREAD(all, 0), say, hear, n, out);
        MIX_NAME(row_heard)(pcm + step, MIX_SPREAD(all, 1), say, hear, n, out + step);
        MIX_NAME(row_heard)(pcm + 2 * step, MIX_SPREAD(all, 2), say, hear, n, out + 2 * step);
        MIX_NAME(row_heard)(pcm + 3 * step, MIX_SPREAD(all, 3), say, hear, n, out + 3 * step);
    }
    for (; rows > 0; rows--, pcm += step, out += step) {
        const mix_i all = MIX_NAME(row_sums)(pcm, 0, say, n);
        MIX_NAME(row_heard)(pcm, MIX_SPREAD(all, 0), say, hear, n, out);
    }
}

/* A run of n channels that are one bridge's, or nobody's. With few tiles the loops over them are
 * unrolled, and what each gave stays in registers. */
static ALWAYS_INLINE void MIX_NAME(run_of)(const mix_seats *s, const float *pcm, float *out,
                                           long cstride, int rows, int at, int n)
{
    const float *say = s->say + at, *hear = s->hear + at;
    if (s->tile[at / TILE] == MIX_IDLE)
        for (int r = 0; r < rows; r++)
            memset(out + at + r * cstride, 0, sizeof(float) * (size_t)n);
    else if (n == TILE)
        MIX_NAME(alone)(pcm + at, out + at, cstride, rows, TILE, say, hear);
    else if (n == 2 * TILE)
        MIX_NAME(alone)(pcm + at, out + at, cstride, rows, 2 * TILE, say, hear);
    else
        MIX_NAME(alone)(pcm + at, out + at, cstride, rows, n, say, hear);
}

MIX_LINKAGE void MIX_NAME(run)(const mix_seats *s, const float *pcm, float *out, int cstride, int rows)
{
    for (int t = 0, end; t < s->width / TILE; t = end) {
        for (end = t + 1; end < s->width / TILE && s->tile[end] == s->tile[t];)
            end++;
        if (s->tile[t] != MIX_TURNED)
            MIX_NAME(run_of)(s, pcm, out, cstride, rows, t * TILE, (end - t) * TILE);
    }
    if (!s->turned)
        return;
    for (int n; rows > 0; rows -= n, pcm += (long)n * cstride, out += (long)n * cstride) {
        n = rows < MIX_ROWS ? rows : MIX_ROWS;
        if (n == MIX_ROWS)
            MIX_NAME(piece)(s, pcm, out, cstride, MIX_ROWS);
        else
            MIX_NAME(piece)(s, pcm, out, cstride, n);
    }
}
