//go:build goexperiment.simd

#include "textflag.h"

// All kernels have one form (see kernel.go):
//
//	AX acc   SI weights   BX bytes from a panel to the next   DI inputs   CX steps
//
// A step loads 64 bytes of each panel, 16 rows of 4 bytes. Each token's 4 bytes are repeated 16 times by the memory
// operand, so that one instruction adds to 16 sums, one a row. Sums that do not wait for each other hide its latency:
// there are 16 registers of them, 4 with one token.

#define CLEAR(z) VPXORD z, z, z
#define CLEAR4(a, b, c, d) CLEAR(a); CLEAR(b); CLEAR(c); CLEAR(d)
#define CLEAR16 CLEAR4(Z0, Z1, Z2, Z3); CLEAR4(Z4, Z5, Z6, Z7); CLEAR4(Z8, Z9, Z10, Z11); CLEAR4(Z12, Z13, Z14, Z15)
#define STORE2(at, a, b) VMOVDQU32 a, at+0(AX); VMOVDQU32 b, at+64(AX)
#define STORE4(at, a, b, c, d) STORE2(at, a, b); STORE2(at+128, c, d)
#define STORE8(at, a, b, c, d, e, f, g, h) STORE4(at, a, b, c, d); STORE4(at+256, e, f, g, h)
#define STORE16 STORE8(0, Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7); STORE8(512, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
#define ARGUMENTS MOVQ acc+0(FP), AX; MOVQ w+8(FP), SI; MOVQ stride+16(FP), BX; MOVQ x+24(FP), DI; MOVQ steps+32(FP), CX
#define LOAD1 VMOVDQU32 (SI), Z16
#define LOAD4 LOAD1; VMOVDQU32 (SI)(BX*1), Z17; VMOVDQU32 (SI)(BX*2), Z18; VMOVDQU32 (SI)(DX*1), Z19

// func dot1x16Int8(acc *int32, w *byte, stride int, x *byte, steps int)
TEXT ·dot1x16Int8(SB), NOSPLIT, $0-40
	ARGUMENTS
	CLEAR16

dot1x16Int8Step:
	LOAD1
	VPDPBUSD.BCST 0(DI), Z16, Z0
	VPDPBUSD.BCST 4(DI), Z16, Z1
	VPDPBUSD.BCST 8(DI), Z16, Z2
	VPDPBUSD.BCST 12(DI), Z16, Z3
	VPDPBUSD.BCST 16(DI), Z16, Z4
	VPDPBUSD.BCST 20(DI), Z16, Z5
	VPDPBUSD.BCST 24(DI), Z16, Z6
	VPDPBUSD.BCST 28(DI), Z16, Z7
	VPDPBUSD.BCST 32(DI), Z16, Z8
	VPDPBUSD.BCST 36(DI), Z16, Z9
	VPDPBUSD.BCST 40(DI), Z16, Z10
	VPDPBUSD.BCST 44(DI), Z16, Z11
	VPDPBUSD.BCST 48(DI), Z16, Z12
	VPDPBUSD.BCST 52(DI), Z16, Z13
	VPDPBUSD.BCST 56(DI), Z16, Z14
	VPDPBUSD.BCST 60(DI), Z16, Z15
	ADDQ $64, SI
	ADDQ $64, DI
	DECQ CX
	JNZ dot1x16Int8Step
	STORE16
	VZEROUPPER
	RET

// func dot4x4Int8(acc *int32, w *byte, stride int, x *byte, steps int)
TEXT ·dot4x4Int8(SB), NOSPLIT, $0-40
	ARGUMENTS
	LEAQ (BX)(BX*2), DX
	CLEAR16

dot4x4Int8Step:
	LOAD4
	VPDPBUSD.BCST 0(DI), Z16, Z0
	VPDPBUSD.BCST 0(DI), Z17, Z1
	VPDPBUSD.BCST 0(DI), Z18, Z2
	VPDPBUSD.BCST 0(DI), Z19, Z3
	VPDPBUSD.BCST 4(DI), Z16, Z4
	VPDPBUSD.BCST 4(DI), Z17, Z5
	VPDPBUSD.BCST 4(DI), Z18, Z6
	VPDPBUSD.BCST 4(DI), Z19, Z7
	VPDPBUSD.BCST 8(DI), Z16, Z8
	VPDPBUSD.BCST 8(DI), Z17, Z9
	VPDPBUSD.BCST 8(DI), Z18, Z10
	VPDPBUSD.BCST 8(DI), Z19, Z11
	VPDPBUSD.BCST 12(DI), Z16, Z12
	VPDPBUSD.BCST 12(DI), Z17, Z13
	VPDPBUSD.BCST 12(DI), Z18, Z14
	VPDPBUSD.BCST 12(DI), Z19, Z15
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ dot4x4Int8Step
	STORE16
	VZEROUPPER
	RET

// func dot4x1Int8(acc *int32, w *byte, stride int, x *byte, steps int)
TEXT ·dot4x1Int8(SB), NOSPLIT, $0-40
	ARGUMENTS
	LEAQ (BX)(BX*2), DX
	CLEAR4(Z0, Z1, Z2, Z3)

dot4x1Int8Step:
	LOAD4
	VPDPBUSD.BCST 0(DI), Z16, Z0
	VPDPBUSD.BCST 0(DI), Z17, Z1
	VPDPBUSD.BCST 0(DI), Z18, Z2
	VPDPBUSD.BCST 0(DI), Z19, Z3
	ADDQ $64, SI
	ADDQ $4, DI
	DECQ CX
	JNZ dot4x1Int8Step
	STORE4(0, Z0, Z1, Z2, Z3)
	VZEROUPPER
	RET

// The sums of a group are integers in Z0 to Z7, and begin with what takes the weights' +128 off. Behind each group
// they are added to Z8 to Z15 as float32:
//
//	BX sizes of the weights' steps   DX those of the tokens'   R8 what sums begin with   R9 groups
//
// func groups1x8Int8(acc *float32, w *byte, size *float32, x *byte, of *float32, less *int32, groups, steps int)
TEXT ·groups1x8Int8(SB), NOSPLIT, $0-64
	MOVQ acc+0(FP), AX
	MOVQ w+8(FP), SI
	MOVQ size+16(FP), BX
	MOVQ x+24(FP), DI
	MOVQ of+32(FP), DX
	MOVQ less+40(FP), R8
	MOVQ groups+48(FP), R9
	CLEAR4(Z8, Z9, Z10, Z11); CLEAR4(Z12, Z13, Z14, Z15)

groups1x8Int8Group:
	MOVQ steps+56(FP), CX
	VPBROADCASTD 0(R8), Z0
	VPBROADCASTD 4(R8), Z1
	VPBROADCASTD 8(R8), Z2
	VPBROADCASTD 12(R8), Z3
	VPBROADCASTD 16(R8), Z4
	VPBROADCASTD 20(R8), Z5
	VPBROADCASTD 24(R8), Z6
	VPBROADCASTD 28(R8), Z7

groups1x8Int8Step:
	VMOVDQU32 (SI), Z16
	VPDPBUSD.BCST 0(DI), Z16, Z0
	VPDPBUSD.BCST 4(DI), Z16, Z1
	VPDPBUSD.BCST 8(DI), Z16, Z2
	VPDPBUSD.BCST 12(DI), Z16, Z3
	VPDPBUSD.BCST 16(DI), Z16, Z4
	VPDPBUSD.BCST 20(DI), Z16, Z5
	VPDPBUSD.BCST 24(DI), Z16, Z6
	VPDPBUSD.BCST 28(DI), Z16, Z7
	ADDQ $64, SI
	ADDQ $32, DI
	DECQ CX
	JNZ groups1x8Int8Step

	VMOVUPS (BX), Z17
	VCVTDQ2PS Z0, Z0; VMULPS Z17, Z0, Z0; VFMADD231PS.BCST 0(DX), Z0, Z8
	VCVTDQ2PS Z1, Z1; VMULPS Z17, Z1, Z1; VFMADD231PS.BCST 4(DX), Z1, Z9
	VCVTDQ2PS Z2, Z2; VMULPS Z17, Z2, Z2; VFMADD231PS.BCST 8(DX), Z2, Z10
	VCVTDQ2PS Z3, Z3; VMULPS Z17, Z3, Z3; VFMADD231PS.BCST 12(DX), Z3, Z11
	VCVTDQ2PS Z4, Z4; VMULPS Z17, Z4, Z4; VFMADD231PS.BCST 16(DX), Z4, Z12
	VCVTDQ2PS Z5, Z5; VMULPS Z17, Z5, Z5; VFMADD231PS.BCST 20(DX), Z5, Z13
	VCVTDQ2PS Z6, Z6; VMULPS Z17, Z6, Z6; VFMADD231PS.BCST 24(DX), Z6, Z14
	VCVTDQ2PS Z7, Z7; VMULPS Z17, Z7, Z7; VFMADD231PS.BCST 28(DX), Z7, Z15
	ADDQ $64, BX
	ADDQ $32, DX
	ADDQ $32, R8
	DECQ R9
	JNZ groups1x8Int8Group
	STORE8(0, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	VZEROUPPER
	RET
