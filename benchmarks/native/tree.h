/* What a simulated switch has to say: its objects in the order of their OIDs. */
#ifndef TREE_H
#define TREE_H

#include "ber.h"

/* How an object's value differs between devices and moves with time, so that nobody can win by keeping old values. Its
 * encoding never changes its length: one copy and a few bytes a value is all that the simulator spends on an answer. */
typedef enum {
    STILL,   /* always the same: names, types, states */
    CLIMBS,  /* a counter: `pace` a second from a start of the device's own */
    WANDERS, /* a gauge: one of `pace` values from `base` on, another every few seconds */
    NUMBERED /* a text that ends in the device's number, five digits */
} Motion;

typedef struct {
    Oid oid;
    uint8_t *varbind; /* the whole variable binding, encoded */
    size_t length;
    size_t width; /* octets of the value, the last ones of the binding */
    Motion motion;
    uint64_t base;
    uint64_t pace;
} Object;

/* Make the objects of a switch with so many ports. */
void build_tree(unsigned ports);

size_t tree_size(void);

const Object *object_at(size_t position);

/* Return the position of the first object that is not before an OID. */
size_t first_from(const Oid *oid);

/* Write an object's variable binding as it is on a device at a time, given in hundredths of a second. */
void put_object(Writer *to, const Object *object, unsigned device, uint64_t centiseconds);

/* Read a dotted OID; false when it is none. */
bool parse_oid(const char *text, Oid *oid);

int compare_oids(const Oid *left, const Oid *right);

#endif
