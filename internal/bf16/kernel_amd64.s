//go:build goexperiment.simd

#include "textflag.h"

// All kernels have one form (see kernel.go):
//
//	AX acc   SI weights   BX bytes from a panel to the next   DI inputs   CX steps
//
// A step loads 64 bytes of each panel, 16 rows of two numbers. Each token's two numbers are repeated 16 times by the
// memory operand, so that one instruction adds to 16 sums, one a row. Sums that do not wait for each other hide its
// latency: there are 16 registers of them, 4 with one token.
//
// Go's assembler does not have VDPBF16PS (AVX512_BF16), which is therefore written as bytes:
//
//	62 p0 p1 50 52 modrm disp    VDPBF16PS disp·4(DI) repeated, Z16 + w, Z acc
//
// p0 carries bit 3 of acc inverted (f2: 0 to 7, 72: 8 to 15), p1 the low bits of w inverted (7e: Z16 to 66: Z19),
// modrm acc's low three bits (47 + 8·acc).

#define CLEAR(z) VPXORD z, z, z
#define CLEAR4(a, b, c, d) CLEAR(a); CLEAR(b); CLEAR(c); CLEAR(d)
#define CLEAR16 CLEAR4(Z0, Z1, Z2, Z3); CLEAR4(Z4, Z5, Z6, Z7); CLEAR4(Z8, Z9, Z10, Z11); CLEAR4(Z12, Z13, Z14, Z15)
#define STORE2(at, a, b) VMOVDQU32 a, at+0(AX); VMOVDQU32 b, at+64(AX)
#define STORE4(at, a, b, c, d) STORE2(at, a, b); STORE2(at+128, c, d)
#define STORE8(at, a, b, c, d, e, f, g, h) STORE4(at, a, b, c, d); STORE4(at+256, e, f, g, h)
#define STORE16 STORE8(0, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7); STORE8(512, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
#define NEXT(z) VMOVDQU32 z, (AX); ADDQ BX, AX
#define NEXT4(a, b, c, d) NEXT(a); NEXT(b); NEXT(c); NEXT(d)
#define ARGUMENTS MOVQ acc+0(FP), AX; MOVQ w+8(FP), SI; MOVQ stride+16(FP), BX; MOVQ x+24(FP), DI; MOVQ steps+32(FP), CX
#define LOAD1 VMOVDQU32 (SI), Z16
#define LOAD4 LOAD1; VMOVDQU32 (SI)(BX*1), Z17; VMOVDQU32 (SI)(BX*2), Z18; VMOVDQU32 (SI)(DX*1), Z19
#define BF(p0, p1, modrm, disp) BYTE $0x62; BYTE $p0; BYTE $p1; BYTE $0x50; BYTE $0x52; BYTE $modrm; BYTE $disp

// BX is bytes from a token's sums to the next one's. It fetches weights 2 kB ahead: the processor's own looking ahead ends
// at each page, and without it 16 tokens took 13 % longer. The kernels of fewer tokens wait for memory in any case, and
// with it they took 10 % longer.
//
// func dot1x16(acc *float32, apart int, w *byte, x *byte, steps int)
TEXT ·dot1x16(SB), NOSPLIT, $0-40
	MOVQ acc+0(FP), AX
	MOVQ apart+8(FP), BX
	MOVQ w+16(FP), SI
	MOVQ x+24(FP), DI
	MOVQ steps+32(FP), CX
	CLEAR16

dot1x16Step:
	LOAD1
	PREFETCHT0 2048(SI)
	BF(0xf2, 0x7e, 0x47, 0); BF(0xf2, 0x7e, 0x4f, 1); BF(0xf2, 0x7e, 0x57, 2); BF(0xf2, 0x7e, 0x5f, 3)
	BF(0xf2, 0x7e, 0x67, 4); BF(0xf2, 0x7e, 0x6f, 5); BF(0xf2, 0x7e, 0x77, 6); BF(0xf2, 0x7e, 0x7f, 7)
	BF(0x72, 0x7e, 0x47, 8); BF(0x72, 0x7e, 0x4f, 9); BF(0x72, 0x7e, 0x57, 10); BF(0x72, 0x7e, 0x5f, 11)
	BF(0x72, 0x7e, 0x67, 12); BF(0x72, 0x7e, 0x6f, 13); BF(0x72, 0x7e, 0x77, 14); BF(0x72, 0x7e, 0x7f, 15)
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ CX
	JNZ dot1x16Step
	NEXT4(Z0, Z1, Z2, Z3); NEXT4(Z4, Z5, Z6, Z7); NEXT4(Z8, Z9, Z10, Z11); NEXT4(Z12, Z13, Z14, Z15)
	VZEROUPPER
	RET

// func dot4x4(acc *float32, w *byte, stride int, x *byte, steps int)
TEXT ·dot4x4(SB), NOSPLIT, $0-40
	ARGUMENTS
	LEAQ (BX)(BX*2), DX
	CLEAR16

dot4x4Step:
	LOAD4
	BF(0xf2, 0x7e, 0x47, 0); BF(0xf2, 0x76, 0x4f, 0); BF(0xf2, 0x6e, 0x57, 0); BF(0xf2, 0x66, 0x5f, 0)
	BF(0xf2, 0x7e, 0x67, 1); BF(0xf2, 0x76, 0x6f, 1); BF(0xf2, 0x6e, 0x77, 1); BF(0xf2, 0x66, 0x7f, 1)
	BF(0x72, 0x7e, 0x47, 2); BF(0x72, 0x76, 0x4f, 2); BF(0x72, 0x6e, 0x57, 2); BF(0x72, 0x66, 0x5f, 2)
	BF(0x72, 0x7e, 0x67, 3); BF(0x72, 0x76, 0x6f, 3); BF(0x72, 0x6e, 0x77, 3); BF(0x72, 0x66, 0x7f, 3)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ dot4x4Step
	STORE16
	VZEROUPPER
	RET

// func dot4x1(acc *float32, w *byte, stride int, x *byte, steps int)
TEXT ·dot4x1(SB), NOSPLIT, $0-40
	ARGUMENTS
	LEAQ (BX)(BX*2), DX
	CLEAR4(Z0, Z1, Z2, Z3)

dot4x1Step:
	LOAD4
	BF(0xf2, 0x7e, 0x47, 0); BF(0xf2, 0x76, 0x4f, 0); BF(0xf2, 0x6e, 0x57, 0); BF(0xf2, 0x66, 0x5f, 0)
	ADDQ $64, SI
	ADDQ $4, DI
	DECQ CX
	JNZ dot4x1Step
	STORE4(0, Z0, Z1, Z2, Z3)
	VZEROUPPER
	RET
