/* What the programs of this folder that are measured share: their own CPU, and the list of what a poll asks.
 *
 * Such a list has one request a line: `get` or `bulk`, and OIDs. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { MAX_REQUESTS = 256, MAX_LINE = 8192 };

typedef struct {
    char *lines[MAX_REQUESTS];
    size_t count;
} RequestList;

/* Return user and system time used so far, in seconds. */
static inline double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static inline RequestList read_requests(const char *path)
{
    static char line[MAX_LINE];
    RequestList found = {.count = 0};
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(1);
    }
    while (found.count < MAX_REQUESTS && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        found.lines[found.count++] = strdup(line);
    }
    fclose(file);
    return found;
}

static inline void print_result(long polls, double cpu, long values)
{
    printf("{\"polls\": %ld, \"cpu\": %.6f, \"values\": %ld}\n", polls, cpu, values);
}

#endif
