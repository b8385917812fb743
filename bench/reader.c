/* How fast the reader alone is: decodes a file held in memory, again and again. Prints megabytes a
 * second, the median of the runs, and fails below the bound given as second argument. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <traceprof/traceprof.h>

#define RUNS 15

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size + 1);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size)
        bytes = NULL; /* the process ends at once */
    fclose(file);
    return bytes;
}

int main(int argc, char **argv)
{
    double seconds[RUNS];
    size_t size = 0;
    unsigned char *bytes = argc == 3 ? read_file(argv[1], &size) : NULL;
    if (bytes == NULL) {
        fprintf(stderr, "usage: reader FILE LEAST\n");
        return 2;
    }
    for (int i = 0; i < RUNS; i++) {
        tp_profile *profile;
        double start = now();
        if (tp_pstats_decode(&profile, bytes, size, NULL, NULL) != TP_OK)
            return 2;
        seconds[i] = now() - start;
        tp_profile_destroy(profile);
    }
    free(bytes);
    qsort(seconds, RUNS, sizeof *seconds, by_value);
    double speed = (double)size / 1e6 / seconds[RUNS / 2];
    printf("%.0f\n", speed);
    return speed >= atof(argv[2]) ? 0 : 1;
}
