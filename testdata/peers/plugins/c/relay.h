// relay.h: what a filter in C needs of ABI v1 (sdk/abi/README.md), and no more, for the filter that is compared.
#pragma once

typedef unsigned char u8;
typedef unsigned u32;
typedef long long i64;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name))) name
#define IMPORT(name) __attribute__((import_module("relay"), import_name(name)))

enum { FLAG_TEXT = 1, FLAG_INBOUND = 2, FLAG_JSON = 4 };
enum { HOOK_EVENT = 1 };
enum { REASON_DROP = 0, REASON_REJECT = 1 };
enum { PASS = 0, DROP = 1, FAIL = -1 };

// record is the header of a record; topic, attributes and payload follow.
typedef struct {
	u32 flags, topic_len, attributes_len, payload_len;
	u32 reserved[2];
	i64 time;
} record;
_Static_assert(sizeof(record) == 32, "the header has 32 bytes");

// span is a range of bytes.
typedef struct {
	const u8 *at;
	u32 len;
} span;

IMPORT("reason") void relay_reason(u32 code, const void *text, u32 len);
IMPORT("emit") int relay_emit(const void *record, u32 len);

static span payload_of(const record *r) {
	return (span){(const u8 *)(r + 1) + r->topic_len + r->attributes_len, r->payload_len};
}

static u8 *put(u8 *to, span s) {
	while (s.len--) *to++ = *s.at++;
	return to;
}

#define TEXT(s) ((span){(const u8 *)(s), sizeof(s) - 1})
#define REASON(code, s) relay_reason(code, s, sizeof(s) - 1)
