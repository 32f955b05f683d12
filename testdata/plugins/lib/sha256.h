// sha256.h is SHA-256 (FIPS 180-4), for keys that nobody can make collide.
#pragma once
#include "../../../sdk/c/relay.h"

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

typedef struct {
	uint32_t state[8];
	uint8_t block[64];
	uint64_t len;
} sha256;

static sha256 sha256_new(void) {
	return (sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

static uint32_t turn(uint32_t x, uint32_t n) { return x >> n | x << (32 - n); }

#define ROUND(a, b, c, d, e, f, g, h, i)                                                                                     \
	h += (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];                            \
	d += h, h += (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))

static void sha256_block(uint32_t *state, const uint8_t *p) {
	uint32_t w[64];
	for (uint32_t i = 0; i < 16; i++) __builtin_memcpy(&w[i], p + 4 * i, 4), w[i] = __builtin_bswap32(w[i]);
	for (uint32_t i = 16; i < 64; i++) {
		const uint32_t x = w[i - 15], y = w[i - 2];
		w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >> 3) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
	}
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
	for (uint32_t i = 0; i < 64; i += 8) { // in a round the words change their parts, and none is moved
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void sha256_add(sha256 *h, relay_bytes s) {
	for (uint32_t i = 0; i < s.len;) {
		uint32_t at = (uint32_t)h->len % 64;
		if (at == 0 && s.len - i >= 64) {
			sha256_block(h->state, s.at + i);
			i += 64, h->len += 64;
			continue;
		}
		h->block[at] = s.at[i++], h->len++;
		if (at == 63) sha256_block(h->state, h->block);
	}
}

static void sha256_sum(sha256 *h, uint8_t sum[32]) {
	uint64_t bits = __builtin_bswap64(h->len * 8);
	sha256_add(h, relay_range((uint8_t[]){0x80}, 1));
	while (h->len % 64 != 56) sha256_add(h, relay_range((uint8_t[]){0}, 1));
	sha256_add(h, relay_range(&bits, 8));
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t word = __builtin_bswap32(h->state[i]);
		__builtin_memcpy(sum + 4 * i, &word, 4);
	}
}
