// number.h compares JSON numbers as they are written, digit by digit: exactly, whatever their size.
#pragma once
#include "json.h"

// decimal is 0.DIGITS × 10^exp, with neither the first nor the last digit 0; there may be a point among them. sign 0 is zero.
typedef struct {
	const uint8_t *at, *end;
	int64_t exp;
	int sign;
} decimal;

static decimal number(relay_bytes s) {
	const uint8_t *p = s.at, *const end = s.at + s.len, *e, *dot;
	decimal d = {.sign = 1};
	bool minus = false;
	if (p < end && *p == '-') d.sign = -1, p++;
	for (e = p; e < end && (*e | 32) != 'e'; e++) {}
	for (dot = p; dot < e && *dot != '.'; dot++) {}
	for (const uint8_t *q = e; q < end; q++) {
		if (*q == '-') minus = true;
		if (*q >= '0' && *q <= '9' && d.exp < (int64_t)1 << 40) d.exp = d.exp * 10 + *q - '0';
	}
	if (minus) d.exp = -d.exp;
	while (p < e && (*p == '0' || *p == '.')) p++;
	if (p == e) return (decimal){0};
	while (e[-1] == '0' || e[-1] == '.') e--;
	d.exp += p < dot ? dot - p : dot + 1 - p;
	d.at = p, d.end = e;
	return d;
}

static int compare(relay_bytes a, relay_bytes b) {
	decimal x = number(a), y = number(b);
	if (x.sign != y.sign) return x.sign < y.sign ? -1 : 1;
	if (x.sign == 0) return 0;
	if (x.exp != y.exp) return x.exp < y.exp ? -x.sign : x.sign;
	for (;; x.at++, y.at++) {
		if (x.at < x.end && *x.at == '.') x.at++;
		if (y.at < y.end && *y.at == '.') y.at++;
		if (x.at == x.end || y.at == y.end) return x.at < x.end ? x.sign : y.at < y.end ? -y.sign : 0;
		if (*x.at != *y.at) return *x.at < *y.at ? -x.sign : x.sign;
	}
}

// whole reports whether a number has no fraction.
static bool whole(relay_bytes s) {
	decimal d = number(s);
	int64_t digits = d.end - d.at;
	for (const uint8_t *p = d.at; p < d.end; p++) digits -= *p == '.';
	return d.sign == 0 || digits <= d.exp;
}
