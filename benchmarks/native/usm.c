#include "usm.h"

#include "pdu.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

enum {
    AUTH = 1, PRIV = 2, /* bits of msgFlags; 4, reportable, is not set in answers */
    BOOTS = 1,
    TIME_WINDOW = 150, /* seconds */
    SALT = 8, IV = 16, MAX_MAC = 24,
    SECURITY_MODEL = 3, MAX_SIZE = 65507,
    /* the last arc but one of the usmStats counters (RFC 3414, 5) */
    NOT_IN_TIME_WINDOW = 2, UNKNOWN_USER = 3, UNKNOWN_ENGINE = 4, WRONG_DIGEST = 5,
    NOBODY = -1
};

typedef struct {
    const char *name;
    const char *digest;
    size_t mac; /* octets sent of the digest */
    const EVP_MD *md;
    size_t key;
    uint8_t auth[KEY], priv[KEY]; /* before they are localised */
} User;

static User users[USERS] = {
    {.name = "bench-sha256", .digest = "SHA256", .mac = 24},
    {.name = "bench-sha", .digest = "SHA1", .mac = 12},
};

/* What a message says of its security, and where its parts are. */
typedef struct {
    long id;
    uint8_t flags;
    Tlv engine, name, mac, salt;
    long boots, time;
    int user;
    Reader rest; /* the scoped PDU, or its encryption */
} Incoming;

static uint64_t next_salt = 1;

/* ---- keys ---- */

/* Stretch a password over 2^20 octets and digest them (RFC 3414, A.2). */
static void derive_key(const EVP_MD *md, const char *password, uint8_t *key)
{
    enum { STRETCHED = 1 << 20 };
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest, md, NULL);
    size_t length = strlen(password);
    for (size_t n = 0; n < STRETCHED; n++)
        EVP_DigestUpdate(digest, &password[n % length], 1);
    EVP_DigestFinal_ex(digest, key, NULL);
    EVP_MD_CTX_free(digest);
}

static void localise(const User *user, const uint8_t *key, const Engine *engine, uint8_t *localised)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest, user->md, NULL);
    EVP_DigestUpdate(digest, key, user->key);
    EVP_DigestUpdate(digest, engine->id, ENGINE_ID);
    EVP_DigestUpdate(digest, key, user->key);
    EVP_DigestFinal_ex(digest, localised, NULL);
    EVP_MD_CTX_free(digest);
}

void prepare_users(void)
{
    for (User *user = users; user < users + USERS; user++) {
        user->md = EVP_get_digestbyname(user->digest);
        user->key = (size_t)EVP_MD_size(user->md);
        derive_key(user->md, "authpass1234", user->auth);
        derive_key(user->md, "privpass1234", user->priv);
    }
}

void make_engine(Engine *engine, unsigned number)
{
    /* net-snmp's enterprise, 8072; format 4, a text (RFC 3411, SnmpEngineID) */
    static const uint8_t prefix[] = {0x80, 0, 0x1f, 0x88, 4};
    char name[sizeof "dev00000"];
    snprintf(name, sizeof name, "dev%05u", number % 100000);
    memcpy(engine->id, prefix, sizeof prefix);
    memcpy(engine->id + sizeof prefix, name, ENGINE_ID - sizeof prefix);
    engine->number = number;
    for (int user = 0; user < USERS; user++) {
        localise(&users[user], users[user].auth, engine, engine->auth_keys[user]);
        localise(&users[user], users[user].priv, engine, engine->priv_keys[user]);
    }
}

/* ---- what a message says ---- */

static int user_named(const Tlv *name)
{
    for (int user = 0; user < USERS; user++)
        if (strlen(users[user].name) == name->length && !memcmp(users[user].name, name->value, name->length))
            return user;
    return NOBODY;
}

static bool read_header(Reader from, Incoming *found)
{
    long size;
    Tlv flags;
    if (!read_integer(&from, &found->id) || !read_integer(&from, &size) || !read_tagged(&from, OCTETS, &flags) ||
        flags.length != 1)
        return false;
    found->flags = flags.value[0];
    return true;
}

static bool read_security(Reader from, Incoming *found)
{
    return read_tagged(&from, OCTETS, &found->engine) && read_integer(&from, &found->boots) &&
           read_integer(&from, &found->time) && read_tagged(&from, OCTETS, &found->name) &&
           read_tagged(&from, OCTETS, &found->mac) && read_tagged(&from, OCTETS, &found->salt);
}

static bool read_message(Reader from, Incoming *found)
{
    Tlv header, octets, security;
    if (!read_tagged(&from, SEQUENCE, &header) || !read_tagged(&from, OCTETS, &octets))
        return false;
    Reader inner = inside(&octets);
    if (!read_header(inside(&header), found) || !read_tagged(&inner, SEQUENCE, &security) ||
        !read_security(inside(&security), found))
        return false;
    found->user = user_named(&found->name);
    found->rest = from;
    return true;
}

/* ---- ciphers ---- */

static void aes(const uint8_t *key, long boots, long time, const uint8_t *salt, const uint8_t *in, size_t length,
                uint8_t *out, int encrypt)
{
    static EVP_CIPHER_CTX *cipher;
    if (!cipher)
        cipher = EVP_CIPHER_CTX_new();
    uint8_t iv[IV];
    for (int octet = 0; octet < 4; octet++) {
        iv[octet] = (uint8_t)(boots >> (24 - 8 * octet));
        iv[4 + octet] = (uint8_t)(time >> (24 - 8 * octet));
    }
    memcpy(iv + 8, salt, SALT);
    int written;
    EVP_CipherInit_ex(cipher, EVP_aes_128_cfb128(), NULL, key, iv, encrypt);
    EVP_CipherUpdate(cipher, out, &written, in, (int)length);
}

static void mac_of(const Engine *engine, int user, const uint8_t *message, size_t length, uint8_t *mac)
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    HMAC(users[user].md, engine->auth_keys[user], (int)users[user].key, message, length, whole, NULL);
    memcpy(mac, whole, users[user].mac);
}

/* Say whether a message is from who it says: its MAC is that of the message with the MAC set to zero. */
static bool authentic(const Engine *engine, const Incoming *message, Tlv whole)
{
    uint8_t said[MAX_MAC], right[MAX_MAC];
    size_t length = users[message->user].mac;
    if (message->mac.length != length)
        return false;
    memcpy(said, message->mac.value, length);
    memset((uint8_t *)message->mac.value, 0, length);
    mac_of(engine, message->user, whole.value, whole.length, right);
    return !memcmp(said, right, length);
}

/* ---- answers ---- */

static void put_scoped(Writer *to, const Engine *engine, const uint8_t *end)
{
    put_octets(to, "", 0); /* context name */
    put_octets(to, engine->id, ENGINE_ID);
    put_header(to, SEQUENCE, end);
}

/* Encrypt what has been written up to `end`, in place, and make an OCTET STRING of it. */
static void encrypt(Writer *to, const uint8_t *end, const Engine *engine, int user, long now, uint8_t *salt)
{
    static uint8_t clear[MAX_MESSAGE];
    size_t length = (size_t)(end - to->at);
    memcpy(clear, to->at, length);
    uint64_t rest = next_salt++;
    for (int octet = SALT; octet-- > 0; rest >>= 8)
        salt[octet] = (uint8_t)rest;
    aes(engine->priv_keys[user], BOOTS, now, salt, clear, length, to->at, 1);
    put_header(to, OCTETS, end);
}

/* Write the security parameters; return where the MAC is to go. */
static uint8_t *put_security(Writer *to, const Engine *engine, int user, uint8_t flags, long now, const uint8_t *salt)
{
    static const uint8_t zeros[MAX_MAC];
    const char *name = user == NOBODY ? "" : users[user].name;
    const uint8_t *end = to->at;
    put_octets(to, salt, flags & PRIV ? SALT : 0);
    size_t length = flags & AUTH ? users[user].mac : 0;
    uint8_t *mac = to->at - length;
    put_octets(to, zeros, length);
    put_octets(to, name, strlen(name));
    put_number(to, INTEGER, now);
    put_number(to, INTEGER, BOOTS);
    put_octets(to, engine->id, ENGINE_ID);
    put_header(to, SEQUENCE, end);
    put_header(to, OCTETS, end);
    return mac;
}

static void put_global(Writer *to, const Incoming *asked, uint8_t flags)
{
    const uint8_t *end = to->at;
    put_number(to, INTEGER, SECURITY_MODEL);
    put_octets(to, &flags, 1);
    put_number(to, INTEGER, MAX_SIZE);
    put_number(to, INTEGER, asked->id);
    put_header(to, SEQUENCE, end);
}

/* Wrap the PDU that has been written, up to `end`, into a whole message. */
static void put_message(Writer *to, const uint8_t *end, const Engine *engine, const Incoming *asked, uint8_t flags,
                        long now)
{
    uint8_t salt[SALT];
    put_scoped(to, engine, end);
    if (flags & PRIV)
        encrypt(to, end, engine, asked->user, now, salt);
    uint8_t *mac = put_security(to, engine, asked->user, flags, now, salt);
    put_global(to, asked, flags);
    put_number(to, INTEGER, 3); /* msgVersion */
    put_header(to, SEQUENCE, end);
    if (flags & AUTH)
        mac_of(engine, asked->user, to->at, (size_t)(end - to->at), mac);
}

/* Return the request-id of a PDU that is not encrypted, 0 of one that is (RFC 3412, 7.1.3). */
static long request_id(const Incoming *asked)
{
    Tlv scoped, skipped, pdu;
    Reader from = asked->rest, inner;
    long id = 0;
    if (asked->flags & PRIV || !read_tagged(&from, SEQUENCE, &scoped))
        return 0;
    inner = inside(&scoped);
    if (!read_any(&inner, &skipped) || !read_any(&inner, &skipped) || !read_any(&inner, &pdu))
        return 0;
    inner = inside(&pdu);
    return read_integer(&inner, &id) ? id : 0;
}

static bool put_report(Writer *to, const Engine *engine, const Incoming *asked, uint32_t counter, uint8_t flags, long now)
{
    const Oid name = {{1, 3, 6, 1, 6, 3, 15, 1, 1, counter, 0}, 11};
    const uint8_t *end = to->at;
    put_number(to, COUNTER32, 1);
    put_oid(to, &name);
    put_header(to, SEQUENCE, end);
    put_header(to, SEQUENCE, end);
    put_number(to, INTEGER, 0);
    put_number(to, INTEGER, 0);
    put_number(to, INTEGER, request_id(asked));
    put_header(to, REPORT, end);
    put_message(to, end, engine, asked, flags, now);
    return true;
}

/* Find the scoped PDU, deciphered; false when there is none. */
static bool open_scoped(const Engine *engine, const Incoming *asked, Tlv *scoped)
{
    static uint8_t clear[MAX_MESSAGE];
    Reader from = asked->rest;
    Tlv encrypted;
    if (!(asked->flags & PRIV))
        return read_tagged(&from, SEQUENCE, scoped);
    if (!read_tagged(&from, OCTETS, &encrypted) || asked->salt.length != SALT)
        return false;
    aes(engine->priv_keys[asked->user], asked->boots, asked->time, asked->salt.value, encrypted.value, encrypted.length,
        clear, 0);
    Reader deciphered = {clear, clear + encrypted.length};
    return read_tagged(&deciphered, SEQUENCE, scoped);
}

static bool answer_scoped(const Engine *engine, const Incoming *asked, uint64_t centiseconds, long now, Writer *to)
{
    Tlv scoped, engine_id, context, pdu;
    if (!open_scoped(engine, asked, &scoped))
        return false;
    Reader from = inside(&scoped);
    if (!read_any(&from, &engine_id) || !read_any(&from, &context) || !read_any(&from, &pdu))
        return false;
    const uint8_t *end = to->at;
    if (!answer_pdu(&pdu, engine->number, centiseconds, to))
        return false;
    put_message(to, end, engine, asked, asked->flags & (AUTH | PRIV), now);
    return true;
}

bool answer_v3(const Engine *engine, Tlv message, Reader from, uint64_t centiseconds, Writer *to)
{
    Incoming asked;
    long now = (long)(centiseconds / 100);
    if (!read_message(from, &asked))
        return false;
    bool mine = asked.engine.length == ENGINE_ID && !memcmp(asked.engine.value, engine->id, ENGINE_ID);
    if (!mine || asked.user == NOBODY) {
        asked.user = NOBODY;
        return put_report(to, engine, &asked, mine ? UNKNOWN_USER : UNKNOWN_ENGINE, 0, now);
    }
    if (asked.flags & AUTH && !authentic(engine, &asked, message))
        return put_report(to, engine, &asked, WRONG_DIGEST, 0, now);
    long apart = asked.time - now;
    if (asked.flags & AUTH && (asked.boots != BOOTS || apart < -TIME_WINDOW || apart > TIME_WINDOW))
        return put_report(to, engine, &asked, NOT_IN_TIME_WINDOW, AUTH, now);
    return answer_scoped(engine, &asked, centiseconds, now, to);
}
