/* Answers GET, GETNEXT and GETBULK (RFC 3416, 4.2) from the tree. */
#ifndef PDU_H
#define PDU_H

#include "ber.h"

/* Write the Response to a request PDU; false when it is none we know, and nothing is to be said. */
bool answer_pdu(const Tlv *request, unsigned device, uint64_t centiseconds, Writer *to);

#endif
