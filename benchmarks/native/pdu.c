#include "pdu.h"

#include "tree.h"

enum {
    MAX_NAMES = 128,
    MAX_ANSWERS = 2048,
    TOO_BIG = 1,
    MAX_VARBINDS = 1340 /* octets: with its headers the answer fits one Ethernet frame, as real agents see to */
};

typedef struct {
    size_t position; /* of an object in the tree, when there is no exception */
    const Oid *name; /* what was asked for, when there is one */
    uint8_t exception;
} Answer;

typedef struct {
    Answer all[MAX_ANSWERS];
    size_t count;
    size_t octets;
} Answers;

static size_t size_of(const Answer *answer)
{
    return answer->exception ? 8 + 5 * answer->name->count : object_at(answer->position)->length;
}

/* Add an answer; false when it would no longer fit. The first always does. */
static bool add_answer(Answers *answers, Answer answer)
{
    size_t size = size_of(&answer);
    if (answers->count == MAX_ANSWERS || (answers->count && answers->octets + size > MAX_VARBINDS))
        return false;
    answers->all[answers->count++] = answer;
    answers->octets += size;
    return true;
}

static Answer exactly(const Oid *name)
{
    size_t position = first_from(name);
    bool found = position < tree_size() && compare_oids(&object_at(position)->oid, name) == 0;
    return found ? (Answer){.position = position} : (Answer){.name = name, .exception = NO_SUCH_INSTANCE};
}

static size_t position_after(const Oid *name)
{
    size_t position = first_from(name);
    bool found = position < tree_size() && compare_oids(&object_at(position)->oid, name) == 0;
    return position + found;
}

static Answer at_position(size_t position, const Oid *name)
{
    bool found = position < tree_size();
    return found ? (Answer){.position = position} : (Answer){.name = name, .exception = END_OF_MIB_VIEW};
}

/* Answer a GETBULK until all is said, all columns have ended, or the message is full. */
static void answer_bulk(const Oid *names, size_t count, long non_repeaters, long repetitions, Answers *answers)
{
    size_t positions[MAX_NAMES], once = non_repeaters < 0 ? 0 : (size_t)non_repeaters;
    if (once > count)
        once = count;
    for (size_t n = 0; n < count; n++)
        positions[n] = position_after(&names[n]);
    for (size_t n = 0; n < once; n++)
        add_answer(answers, at_position(positions[n], &names[n]));
    for (bool more = once < count; more && repetitions > 0; repetitions--) {
        more = false;
        for (size_t n = once; n < count; n++) {
            if (!add_answer(answers, at_position(positions[n], &names[n])))
                return;
            more |= positions[n] < tree_size();
            positions[n]++;
        }
    }
}

static bool read_names(Reader from, Oid *names, size_t *count)
{
    for (*count = 0; from.at < from.end; (*count)++) {
        Tlv varbind;
        if (*count == MAX_NAMES || !read_tagged(&from, SEQUENCE, &varbind))
            return false;
        Reader name = inside(&varbind);
        if (!read_oid(&name, &names[*count]))
            return false;
    }
    return true;
}

static void put_answers(Writer *to, const Answers *answers, unsigned device, uint64_t centiseconds)
{
    const uint8_t *end = to->at;
    for (size_t n = answers->count; n-- > 0;) {
        const Answer *answer = &answers->all[n];
        if (!answer->exception) {
            put_object(to, object_at(answer->position), device, centiseconds);
            continue;
        }
        const uint8_t *varbind_end = to->at;
        put_byte(to, 0);
        put_byte(to, answer->exception);
        put_oid(to, answer->name);
        put_header(to, SEQUENCE, varbind_end);
    }
    put_header(to, SEQUENCE, end);
}

/* Answer a GET or GETNEXT, which is answered whole or not at all; false when it is too big. */
static bool answer_each(uint8_t tag, const Oid *names, size_t count, Answers *answers)
{
    for (size_t n = 0; n < count; n++) {
        Answer one = tag == GET ? exactly(&names[n]) : at_position(position_after(&names[n]), &names[n]);
        if (!add_answer(answers, one)) {
            answers->count = 0;
            return false;
        }
    }
    return true;
}

bool answer_pdu(const Tlv *request, unsigned device, uint64_t centiseconds, Writer *to)
{
    static Oid names[MAX_NAMES];
    static Answers answers;
    long request_id, first, second; /* the two are non-repeaters and repetitions of a GETBULK */
    size_t count;
    bool whole = true;
    Tlv varbinds;
    Reader from = inside(request);
    if (!read_integer(&from, &request_id) || !read_integer(&from, &first) || !read_integer(&from, &second) ||
        !read_tagged(&from, SEQUENCE, &varbinds) || !read_names(inside(&varbinds), names, &count))
        return false;
    answers.count = answers.octets = 0;
    if (request->tag == GETBULK)
        answer_bulk(names, count, first, second, &answers);
    else if (request->tag == GET || request->tag == GETNEXT)
        whole = answer_each(request->tag, names, count, &answers);
    else
        return false;
    const uint8_t *end = to->at;
    put_answers(to, &answers, device, centiseconds);
    put_number(to, INTEGER, 0); /* error-index */
    put_number(to, INTEGER, whole ? 0 : TOO_BIG);
    put_number(to, INTEGER, request_id);
    put_header(to, RESPONSE, end);
    return true;
}
