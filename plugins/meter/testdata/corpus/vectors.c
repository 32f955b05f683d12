// Vectors, by hand and as the compiler makes them of loops.
#include "guest.h"
#include <wasm_simd128.h>

static span hex(span in) {
	span out = {arena(in.len * 2 + 32), in.len * 2};
	const v128_t digits = wasm_i8x16_make('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
	u8 *last = arena(16);
	for (u32 i = 0; i < in.len; i += 16) {
		const u8 *from = in.at + i;
		if (in.len - i < 16) from = copy(last, from, in.len - i);
		v128_t v = wasm_v128_load(from);
		v128_t high = wasm_i8x16_swizzle(digits, wasm_u8x16_shr(v, 4));
		v128_t low = wasm_i8x16_swizzle(digits, wasm_v128_and(v, wasm_i8x16_splat(15)));
		v128_t a = wasm_i8x16_shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
		v128_t b = wasm_i8x16_shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
		wasm_v128_store(out.at + 2 * i, a);
		if (2 * i + 16 < out.len) wasm_v128_store(out.at + 2 * i + 16, b);
	}
	return out;
}

// spaces counts the bytes up to the space, sixteen at a time.
static u32 spaces(span in) {
	u32 n = 0, i = 0;
	for (; i + 16 <= in.len; i += 16)
		n += (u32)__builtin_popcount(wasm_i8x16_bitmask(wasm_u8x16_le(wasm_v128_load(in.at + i), wasm_i8x16_splat(' '))));
	for (; i < in.len; i++) n += in.at[i] <= ' ';
	return n;
}

static v128_t lanes(span in) {
	v128_t sum = wasm_i32x4_splat(0), most = sum, clipped = sum;
	v128_t f = wasm_f32x4_splat(1), d = wasm_f64x2_splat(0.5);
	for (u32 i = 0; i + 16 <= in.len; i += 16) {
		v128_t v = wasm_v128_load(in.at + i);
		sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(v), wasm_i16x8_extend_high_i8x16(v)));
		most = wasm_i16x8_max(most, wasm_i16x8_q15mulr_sat(v, wasm_i16x8_splat(12345)));
		clipped = wasm_u8x16_add_sat(clipped, wasm_u8x16_avgr(v, wasm_i8x16_abs(v)));
		f = wasm_f32x4_pmin(wasm_f32x4_mul(f, wasm_f32x4_splat(1.25f)), wasm_f32x4_convert_i32x4(v));
		d = wasm_f64x2_add(d, wasm_f64x2_sqrt(wasm_f64x2_abs(wasm_f64x2_convert_low_i32x4(v))));
		sum = wasm_v128_bitselect(sum, wasm_i64x2_mul(sum, v), wasm_i32x4_gt(v, most));
	}
	f = wasm_v128_xor(wasm_i32x4_trunc_sat_f32x4(f), wasm_u32x4_trunc_sat_f64x2_zero(d));
	return wasm_v128_xor(wasm_v128_xor(sum, most), wasm_v128_xor(clipped, f));
}

span vectors(span in) {
	span out = hex(in);
	u8 *to = arena(out.len + 32);
	copy(to, out.at, out.len);
	wasm_v128_store(to + out.len, lanes(in));
	u32 n = spaces(in);
	copy(to + out.len + 16, &n, 4);
	return (span){to, out.len + 20};
}

// matrix multiplies what the bytes say, as floats and as integers; the compiler makes vectors of it.
span matrix(span in) {
	enum { n = 16 };
	float *a = arena(3 * n * n * 4), *b = a + n * n, *c = b + n * n;
	i32 *x = arena(n * n * 4);
	for (u32 i = 0; i < n * n; i++) {
		a[i] = in.len ? (float)(i8)in.at[i % in.len] : 1;
		b[i] = in.len ? (float)in.at[(i * 7) % in.len] / 3 : 1;
	}
	for (u32 i = 0; i < n; i++)
		for (u32 k = 0; k < n; k++)
			for (u32 j = 0; j < n; j++) {
				c[i * n + j] += a[i * n + k] * b[k * n + j];
				x[i * n + j] += (i32)a[i * n + k] * (i32)b[k * n + j] >> 1;
			}
	span out = {arena(2 * n * n * 4), 2 * n * n * 4};
	copy(out.at, c, n * n * 4);
	copy(out.at + n * n * 4, x, n * n * 4);
	return out;
}
