/* How the rows of a source come to memory, for who works through them block by block. */
#ifndef NUMLOSS_FEED_H
#define NUMLOSS_FEED_H

#include <stdint.h>

typedef struct numloss_feed {
    /* where the byte lies that offsets are counted from */
    char *data;
    /* makes the bytes between two offsets readable; those of earlier calls may not be any more. Not 0: it cannot. */
    int (*ready)(struct numloss_feed *feed, int64_t from, int64_t to);
} numloss_feed;

#endif
