// sample lets a share of the events pass, and drops the others:
//
//	config: {keep: 0.1, by: field user.id}
//
// by: random (if left out) decides for each event anew. By a key, "topic", "publisher", "payload", "attribute NAME" or
// "field PATH", all events of one key pass, or none, here and in every other relay with this filter; those without it pass.
#include "../lib/key.h"
#include "../lib/number.h"

static bool is_random;
static key by;
static uint64_t share; // of 2^32

static uint64_t config_share(relay_config *c, const char *name) {
	const relay_bytes v = relay_config_json(c, name);
	if (!is_number(v) || compare(v, TEXT("0")) < 0 || compare(v, TEXT("1")) > 0) {
		relay_config_want(c, name, "a number from 0 (none) to 1 (all), such as 0.1");
		return 0;
	}
	decimal d = number(v);
	double x = 0;
	for (const uint8_t *p = d.end; p-- > d.at;)
		if (*p != '.') x = (x + *p - '0') / 10;
	if (d.exp == 1) x *= 10;
	for (; d.exp < 0 && x > 0; d.exp++) x /= 10;
	return (uint64_t)(x * 4294967296.0 + 0.5);
}

RELAY_ON_INIT(c) {
	relay_config_only(c, "keep", "by");
	share = config_share(c, "keep");
	is_random = relay_is(relay_config_text(c, "by", TEXT("random")), "random");
	if (!is_random) by = config_key(c, "by", "random");
}

// hash is FNV-1a, and then mixed as SplitMix64 is, as the high bits decide.
static uint32_t hash(relay_bytes b) {
	uint64_t h = 0xcbf29ce484222325;
	for (uint32_t i = 0; i < b.len; i++) h = (h ^ b.at[i]) * 0x100000001b3;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9;
	h = (h ^ h >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((h ^ h >> 31) >> 32);
}

RELAY_ON_EVENT(e) {
	uint32_t drawn = 0;
	if (is_random) {
		relay_random(&drawn, sizeof drawn);
	} else {
		const relay_bytes key = key_of(&by, e);
		if (!key.at) return relay_pass();
		drawn = hash(key);
	}
	return drawn < share ? relay_pass() : relay_drop(TEXT("not in the sample"));
}
