// Text: base64 there and back, UTF-8 to UTF-16, run lengths.
#include "guest.h"

static const u8 letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value(u8 c) {
	switch (c) {
	case 'A' ... 'Z': return c - 'A';
	case 'a' ... 'z': return c - 'a' + 26;
	case '0' ... '9': return c - '0' + 52;
	case '+': return 62;
	case '/': return 63;
	case '=': return -2;
	}
	return -1;
}

static span encoded(span in) {
	span out = {arena((in.len + 2) / 3 * 4 + 8), 0};
	for (u32 i = 0; i < in.len; i += 3) {
		u32 v = in.at[i] << 16 | (i + 1 < in.len ? in.at[i + 1] << 8 : 0) | (i + 2 < in.len ? in.at[i + 2] : 0);
		for (u32 k = 0; k < 4; k++) out.at[out.len++] = i + k > in.len ? '=' : letters[v >> (18 - 6 * k) & 63];
	}
	return out;
}

static span decoded(span in) {
	span out = {arena(in.len + 8), 0};
	u32 bits = 0, n = 0;
	for (u32 i = 0; i < in.len; i++) {
		int v = value(in.at[i]);
		if (v == -2) break;
		if (v < 0) continue;
		bits = bits << 6 | (u32)v;
		if (++n % 4) out.at[out.len++] = (u8)(bits >> (6 - 2 * (n % 4 - 1)) * 1);
	}
	return out;
}

span base64(span in) {
	span there = encoded(in), back = decoded(there);
	span out = {arena(there.len + back.len + 8), there.len + back.len};
	copy(out.at, there.at, there.len);
	copy(out.at + there.len, back.at, back.len);
	return out;
}

// next reads a code point; what is no UTF-8 is U+FFFD.
static u32 next(span *s) {
	u8 c = *s->at++;
	s->len--;
	u32 more = c < 0x80 ? 0 : c < 0xc2 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 9;
	if (more > s->len) return 0xfffd;
	u32 v = more ? c & (0x3f >> more) : c;
	for (u32 i = 0; i < more; i++) {
		if ((s->at[i] & 0xc0) != 0x80) return 0xfffd;
		v = v << 6 | (s->at[i] & 0x3f);
	}
	s->at += more, s->len -= more;
	return v > 0x10ffff || (v >= 0xd800 && v < 0xe000) || (more == 2 && v < 0x800) || (more == 3 && v < 0x10000) ? 0xfffd : v;
}

span utf16(span in) {
	u16 *out = arena(in.len * 4 + 8);
	u32 n = 0;
	while (in.len) {
		u32 c = next(&in);
		if (c < 0x10000) {
			out[n++] = (u16)c;
			continue;
		}
		c -= 0x10000;
		out[n++] = (u16)(0xd800 + (c >> 10));
		out[n++] = (u16)(0xdc00 + (c & 0x3ff));
	}
	return (span){(u8 *)out, 2 * n};
}

// compress finds what was there before, as LZ77 does.
span compress(span in) {
	span out = {arena(in.len * 2 + 64), 0};
	u32 *seen = arena(4096 * 4);
	for (u32 i = 0; i < in.len;) {
		u32 best = 0, from = 0;
		if (i + 4 <= in.len) {
			u32 h;
			copy(&h, in.at + i, 4);
			h = h * 2654435761u >> 20;
			from = seen[h];
			seen[h] = i + 1;
			if (from--)
				while (i + best < in.len && best < 255 && in.at[from + best] == in.at[i + best]) best++;
		}
		if (best >= 4) {
			out.at[out.len++] = 0, out.at[out.len++] = (u8)best;
			out.at[out.len++] = (u8)(i - from), out.at[out.len++] = (u8)((i - from) >> 8);
			i += best;
		} else {
			out.at[out.len++] = in.at[i];
			if (!in.at[i]) out.at[out.len++] = 0;
			i++;
		}
	}
	return out;
}
