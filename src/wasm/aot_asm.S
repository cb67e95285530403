/* wasm/aot_asm.S: to throw, and to land (aot.h).
 *
 * struct aot_regs: pc at 0, sp at 8, reg[i] at 16 + 8 * i, fp[i] at
 * 272 + 8 * i; 336 bytes.  aot_unwind.c checks that. */

#if defined(__x86_64__)

	.text
	.globl	aot_throw
	.hidden	aot_throw
	.type	aot_throw, @function
	.p2align 4
/* rdi: the instance.  Only what a callee preserves has to be kept. */
aot_throw:
	.cfi_startproc
	subq	$344, %rsp		/* 336, and aligned for the call */
	.cfi_adjust_cfa_offset 344
	movq	344(%rsp), %rax
	leaq	352(%rsp), %rcx
	movq	%rax, 0(%rsp)		/* pc: where it would return to */
	movq	%rcx, 8(%rsp)
	movq	%rbx, 40(%rsp)		/* 3 */
	movq	%rbp, 64(%rsp)		/* 6 */
	movq	%r12, 112(%rsp)		/* 12 */
	movq	%r13, 120(%rsp)
	movq	%r14, 128(%rsp)
	movq	%r15, 136(%rsp)
	movq	%rdi, %rsi
	movq	%rsp, %rdi
	call	aot_throw_from
	ud2
	.cfi_endproc
	.size	aot_throw, . - aot_throw

	.globl	aot_resume
	.hidden	aot_resume
	.type	aot_resume, @function
	.p2align 4
/* rdi: the registers, which may lie below the new stack pointer. */
aot_resume:
	.cfi_startproc
	movq	16(%rdi), %rax		/* 0 */
	movq	24(%rdi), %rdx		/* 1 */
	movq	40(%rdi), %rbx
	movq	64(%rdi), %rbp
	movq	112(%rdi), %r12
	movq	120(%rdi), %r13
	movq	128(%rdi), %r14
	movq	136(%rdi), %r15
	movq	0(%rdi), %rcx
	movq	8(%rdi), %rsp
	jmpq	*%rcx
	.cfi_endproc
	.size	aot_resume, . - aot_resume

#elif defined(__aarch64__)

	.text
	.globl	aot_throw
	.hidden	aot_throw
	.type	aot_throw, %function
	.p2align 4
/* x0: the instance.  Only what a callee preserves has to be kept. */
aot_throw:
	.cfi_startproc
	mov	x9, sp
	sub	sp, sp, #336
	.cfi_def_cfa_offset 336
	stp	x30, x9, [sp]		/* pc: where it would return to; sp */
	stp	x19, x20, [sp, #168]
	stp	x21, x22, [sp, #184]
	stp	x23, x24, [sp, #200]
	stp	x25, x26, [sp, #216]
	stp	x27, x28, [sp, #232]
	stp	x29, x30, [sp, #248]
	stp	d8, d9, [sp, #272]
	stp	d10, d11, [sp, #288]
	stp	d12, d13, [sp, #304]
	stp	d14, d15, [sp, #320]
	mov	x1, x0
	mov	x0, sp
	bl	aot_throw_from
	udf	#0
	.cfi_endproc
	.size	aot_throw, . - aot_throw

	.globl	aot_resume
	.hidden	aot_resume
	.type	aot_resume, %function
	.p2align 4
/* x0: the registers, which may lie below the new stack pointer. */
aot_resume:
	.cfi_startproc
	mov	x16, x0
	ldp	x17, x9, [x16]
	ldp	x0, x1, [x16, #16]
	ldp	x19, x20, [x16, #168]
	ldp	x21, x22, [x16, #184]
	ldp	x23, x24, [x16, #200]
	ldp	x25, x26, [x16, #216]
	ldp	x27, x28, [x16, #232]
	ldp	x29, x30, [x16, #248]
	ldp	d8, d9, [x16, #272]
	ldp	d10, d11, [x16, #288]
	ldp	d12, d13, [x16, #304]
	ldp	d14, d15, [x16, #320]
	mov	sp, x9
	br	x17
	.cfi_endproc
	.size	aot_resume, . - aot_resume

#endif

	.section .note.GNU-stack, "", %progbits
