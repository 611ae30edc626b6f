/* What the operating system calls random, made by a seed.
 *
 * The program that is linked with this asks here instead of the kernel: the keys of hash
 * tables, the order in which tokio's select! looks at its branches, jitter, ids. So two
 * runs with one seed are the same. Without SIMULATION_SEED the seed is 0. Never part of
 * any other program.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static uint64_t state;
static int is_seeded;

static uint64_t next(void) {
    uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
    (void)flags;
    if (!is_seeded) {
        const char *seed = getenv("SIMULATION_SEED");
        state = seed ? strtoull(seed, NULL, 10) : 0;
        is_seeded = 1;
    }
    unsigned char *bytes = buffer;
    for (size_t done = 0; done < length; done += 8) {
        uint64_t drawn = next();
        size_t count = length - done < 8 ? length - done : 8;
        memcpy(bytes + done, &drawn, count);
    }
    return (ssize_t)length;
}
