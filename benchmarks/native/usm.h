/* The answering side of SNMPv3 with its user-based security (RFC 3412, RFC 3414, RFC 7860, RFC 3826). */
#ifndef USM_H
#define USM_H

#include "ber.h"

enum { USERS = 2, ENGINE_ID = 13, KEY = 32 };

/* A device's engine: its id, and the users' keys localised to it. */
typedef struct {
    unsigned number;
    uint8_t id[ENGINE_ID];
    uint8_t auth_keys[USERS][KEY], priv_keys[USERS][KEY];
} Engine;

/* Derive the users' keys from their passwords; once, before any engine is made. */
void prepare_users(void);

void make_engine(Engine *engine, unsigned number);

/* Write the answer to an SNMPv3 message; false when it is to be dropped. `message` is the whole datagram and `from`
 * stands behind the version in it. The MAC in it is set to zero. */
bool answer_v3(const Engine *engine, Tlv message, Reader from, uint64_t centiseconds, Writer *to);

#endif
