// config.h adds to relay.h what the filters that ship ask of their configuration.
#pragma once
#include "json.h"

// config_count returns a whole number of at least 1; otherwise 0 says that there must be one.
static int64_t config_count(relay_config *c, const char *name, int64_t otherwise, const char *want) {
	int64_t n = otherwise;
	const relay_bytes v = relay_config_json(c, name);
	if (v.at && !relay_parse_int(v, &n)) n = 0;
	if (n < 1 || n > (int64_t)1 << 40) relay_config_want(c, name, want);
	return n < 1 ? 1 : n;
}

static int64_t unit_of(const uint8_t *p, const uint8_t *end) {
	switch (*p) {
	case 'm': return p + 1 < end && p[1] == 's' ? 1 : 60000;
	case 's': return 1000;
	case 'h': return 3600000;
	case 'd': return 86400000;
	}
	return 0;
}

// milliseconds reads 500ms, 10s, 1h30m, 7d; 0 is none of them.
static int64_t milliseconds(relay_bytes text) {
	int64_t sum = 0, n = -1;
	for (const uint8_t *p = text.at, *const end = p + text.len; p < end; p++) {
		if (*p >= '0' && *p <= '9' && n < (int64_t)1 << 32) {
			n = (n < 0 ? 0 : n * 10) + *p - '0';
			continue;
		}
		const int64_t unit = unit_of(p, end);
		if (n < 0 || unit == 0 || sum > (int64_t)1 << 40) return 0;
		sum += n * unit, n = -1, p += unit == 1;
	}
	return n < 0 && sum <= (int64_t)1 << 40 ? sum : 0;
}

// config_time returns a duration in milliseconds, of at most 34 years.
static int64_t config_time(relay_config *c, const char *name, const char *otherwise) {
	const int64_t ms = milliseconds(relay_config_text(c, name, relay_str(otherwise)));
	if (ms < 1) relay_config_want(c, name, "a duration, such as 500ms, 10s, 5m, 1h30m or 7d");
	return ms < 1 ? 1 : ms;
}

// config_rejects returns whether name says reject, and not drop.
static bool config_rejects(relay_config *c, const char *name, const char *otherwise) {
	const relay_bytes v = relay_config_text(c, name, relay_str(otherwise));
	if (!relay_is(v, "drop") && !relay_is(v, "reject")) relay_config_want(c, name, "drop, or reject, which tells the publisher that it is at fault");
	return relay_is(v, "reject");
}

// refuse drops or rejects.
static relay_verdict refuse(bool rejects, relay_bytes why) { return rejects ? relay_reject(why) : relay_drop(why); }
