// Sorting: branches, recursion, comparison by function pointer, floats.
#include "guest.h"

typedef int less(const double *, const double *);

static int up(const double *a, const double *b) { return *a < *b; }
static int down(const double *a, const double *b) { return *a > *b; }
static int by_size(const double *a, const double *b) { return __builtin_fabs(*a) < __builtin_fabs(*b) || (!(__builtin_fabs(*b) < __builtin_fabs(*a)) && *a < *b); }

static void swap(double *a, double *b) {
	double t = *a;
	*a = *b, *b = t;
}

static void quick(double *v, i32 n, less *before) {
	while (n > 12) {
		double pivot = v[n / 2];
		i32 i = 0, j = n - 1;
		while (i <= j) {
			while (before(&v[i], &pivot)) i++;
			while (before(&pivot, &v[j])) j--;
			if (i <= j) swap(&v[i++], &v[j--]);
		}
		quick(v, j + 1, before);
		v += i, n -= i;
	}
	for (i32 i = 1; i < n; i++)
		for (i32 j = i; j > 0 && before(&v[j], &v[j - 1]); j--) swap(&v[j], &v[j - 1]);
}

static void heap(u16 *v, u32 n) {
	for (u32 end = n, start = n / 2; end > 1;) {
		if (start > 0) {
			start--;
		} else {
			u16 t = v[--end];
			v[end] = v[0], v[0] = t;
		}
		for (u32 root = start, child; (child = 2 * root + 1) < end; root = child) {
			if (child + 1 < end && v[child] < v[child + 1]) child++;
			if (v[root] >= v[child]) break;
			u16 t = v[root];
			v[root] = v[child], v[child] = t;
		}
	}
}

span order(span in) {
	u32 n = in.len / 4, m = in.len / 2;
	double *v = arena(n * 8 + 8);
	u16 *w = arena(in.len + 8);
	for (u32 i = 0; i < n; i++) {
		i32 x;
		copy(&x, in.at + 4 * i, 4);
		v[i] = x / 1024.0;
	}
	static less *const ways[] = {up, down, by_size};
	quick(v, (i32)n, ways[in.len % 3]);
	copy(w, in.at, in.len);
	heap(w, m);
	span out = {arena(n * 4 + m * 2 + 8), n * 4 + m * 2};
	for (u32 i = 0; i < n; i++) {
		float f = (float)__builtin_floor(v[i]);
		copy(out.at + 4 * i, &f, 4);
	}
	copy(out.at + 4 * n, w, m * 2);
	return out;
}
