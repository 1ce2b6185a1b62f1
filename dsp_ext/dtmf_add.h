/* Correlates one hop of a tile with the eight tones: the costliest loop of the detector, for one
 * width of vector. The including file says DTMF_ADD, its name, and DTMF_ADD_LANES, the floats a
 * vector of its target holds: then the eight sums of half the tones stay in registers. A vector
 * wider than the target's would go through memory at every step, which is why this is no clone of
 * clones.h. The results do not depend on the width. */

CLONES_BEGIN

/* `reference`: for each distance from the hop's middle 8 cosines, 8 negative sines. At the middle
 * a cosine is even and a sine is odd, so that two samples are taken at once.
 * -> whether the hop is louder than `quiet` on any channel; where not, the sums are zero. */
DTMF_ADD_LINKAGE int DTMF_ADD(const float *pcm, int cstride, const float *reference, float quiet,
                              float *sums)
{
    typedef float lanes __attribute__((vector_size(4 * DTMF_ADD_LANES), aligned(4), may_alias));
    enum { PARTS = TILE / DTMF_ADD_LANES, AT_ONCE = DTMF_TONES / 2 };
    const long row = cstride;
    lanes even[PARTS][DTMF_HALF], odd[PARTS][DTMF_HALF];
    float loudest = 0.0f;
    for (int part = 0; part < PARTS; part++) {
        const float *before = pcm + part * DTMF_ADD_LANES + (DTMF_HALF - 1) * row;
        const float *after = before + row;
        lanes energy = {0};
        for (int i = 0; i < DTMF_HALF; i++, before -= row, after += row) {
            const lanes a = *(const lanes *)before, b = *(const lanes *)after;
            even[part][i] = b + a;
            odd[part][i] = b - a;
            energy += a * a + b * b;
        }
        *(lanes *)(sums + DTMF_ENERGY * TILE + part * DTMF_ADD_LANES) = energy;
        for (int c = 0; c < DTMF_ADD_LANES; c++)
            loudest = energy[c] > loudest ? energy[c] : loudest;
    }
    if (!(loudest > quiet)) {
        memset(sums, 0, DTMF_ENERGY * TILE * sizeof *sums);
        return 0;
    }
    for (int step = 0; step < PARTS * 2; step++) {
        const int part = step / 2, first = step % 2 * AT_ONCE;
        const float *ref = reference + first;
        float *to = sums + first * TILE + part * DTMF_ADD_LANES;
        lanes re[AT_ONCE], im[AT_ONCE];
        for (int k = 0; k < AT_ONCE; k++)
            re[k] = im[k] = (lanes){0};
#pragma GCC unroll 1
        for (int i = 0; i < DTMF_HALF; i++, ref += 2 * DTMF_TONES) {
            const lanes e = even[part][i], o = odd[part][i];
#pragma GCC unroll 4
            for (int k = 0; k < AT_ONCE; k++) {
                re[k] += e * ref[k];
                im[k] += o * ref[k + DTMF_TONES];
            }
        }
        for (int k = 0; k < AT_ONCE; k++, to += TILE) {
            *(lanes *)to = re[k];
            *(lanes *)(to + DTMF_TONES * TILE) = im[k];
        }
    }
    return 1;
}

CLONES_END

#undef DTMF_ADD
#undef DTMF_ADD_LANES
#undef DTMF_ADD_LINKAGE
