// The answer to a WebSocket handshake, RFC 6455 section 4.2.2, with the SHA-1 and Base64 that it takes.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static uint32_t rotl(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void sha1_block(uint32_t h[5], const uint8_t *p)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f, k;
		if (i < 20)
			f = (b & c) | (~b & d), k = 0x5a827999;
		else if (i < 40)
			f = b ^ c ^ d, k = 0x6ed9eba1;
		else if (i < 60)
			f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
		else
			f = b ^ c ^ d, k = 0xca62c1d6;
		uint32_t next = rotl(a, 5) + f + e + k + w[i];
		e = d, d = c, c = rotl(b, 30), b = a, a = next;
	}
	h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

// sha1 hashes 60 bytes, a key of 24 and the GUID of 36: always two blocks.
static void sha1_60(const uint8_t *in, uint8_t out[20])
{
	uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
	uint8_t block[128] = {0};
	memcpy(block, in, 60);
	block[60] = 0x80;
	block[126] = (60 * 8) >> 8;
	block[127] = (60 * 8) & 255;
	sha1_block(h, block);
	sha1_block(h, block + 64);
	for (int i = 0; i < 20; i++)
		out[i] = h[i / 4] >> (24 - 8 * (i % 4));
}

// base64 encodes 20 bytes into 28 characters.
static void base64_20(const uint8_t in[20], char out[29])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t p[21] = {0};
	memcpy(p, in, 20);
	for (int i = 0, o = 0; i < 21; i += 3, o += 4) {
		uint32_t v = p[i] << 16 | p[i + 1] << 8 | p[i + 2];
		out[o] = digits[v >> 18];
		out[o + 1] = digits[v >> 12 & 63];
		out[o + 2] = digits[v >> 6 & 63];
		out[o + 3] = digits[v & 63];
	}
	out[27] = '=';
	out[28] = 0;
}

// handshake_answer writes the 101 for request, which ends with NUL, and returns its length, or -1 without a key in it.
static int handshake_answer(const char *request, char *answer, size_t size)
{
	static const char header[] = "\r\nSec-WebSocket-Key:", guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	const char *key = strcasestr(request, header);
	uint8_t in[60], hash[20];
	char accept[29];
	if (key == NULL)
		return -1;
	key += sizeof header - 1;
	key += strspn(key, " \t");
	if (strcspn(key, " \t\r\n") != 24)
		return -1;
	memcpy(in, key, 24);
	memcpy(in + 24, guid, 36);
	sha1_60(in, hash);
	base64_20(hash, accept);
	return snprintf(answer, size,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			"Sec-WebSocket-Accept: %s\r\n\r\n", accept);
}
