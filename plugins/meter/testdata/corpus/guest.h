// guest.h: what the parts of this filter share. It does nothing of use: it is real code of many kinds, as a compiler makes
// it with vectors and bulk memory, for the test that metered modules do what the originals do (corpus_test.go).
#pragma once

typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef unsigned u32;
typedef int i32;
typedef long long i64;
typedef unsigned long long u64;

// span is a range of bytes.
typedef struct {
	u8 *at;
	u32 len;
} span;

#define copy __builtin_memcpy
#define move __builtin_memmove
#define fill __builtin_memset

// arena hands out zeroed memory, eight-byte aligned, that is all given back before the next event. It grows memory.
void *arena(u32 n);

// Each part reads in and answers with what it made of it.
typedef span part(span in);
part digest, order, base64, utf16, tree, vectors, matrix, compress;
