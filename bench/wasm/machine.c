/* 00000000e4523681: a switch in a loop: an interpreter in the interpreter */
#include "kernel.h"

enum op { PUSH, ADD, MUL, XOR, DUP, SWAP, JNZ, DEC, LOAD, STORE, HALT };

int main(void)
{
	static const struct {
		uint8_t op;
		int32_t arg;
	} code[] = {
		{LOAD, 0}, {PUSH, 3},  {MUL, 0},   {PUSH, 7}, {ADD, 0},
		{LOAD, 1}, {XOR, 0},   {STORE, 0}, {LOAD, 1}, {DEC, 0},
		{DUP, 0},  {STORE, 1}, {JNZ, 0},   {HALT, 0},
	};
	uint32_t stack[16] = {0}, cell[2] = {1, 10000000};
	int sp = 0;

	for (int pc = 0;; pc++) {
		int32_t arg = code[pc].arg;

		switch (code[pc].op) {
		case PUSH:
			stack[sp++] = (uint32_t)arg;
			break;
		case ADD:
			sp--;
			stack[sp - 1] += stack[sp];
			break;
		case MUL:
			sp--;
			stack[sp - 1] *= stack[sp];
			break;
		case XOR:
			sp--;
			stack[sp - 1] ^= stack[sp];
			break;
		case DUP:
			stack[sp] = stack[sp - 1];
			sp++;
			break;
		case DEC:
			stack[sp - 1]--;
			break;
		case LOAD:
			stack[sp++] = cell[arg];
			break;
		case STORE:
			cell[arg] = stack[--sp];
			break;
		case JNZ:
			if (stack[--sp])
				pc = arg - 1;
			break;
		case HALT:
			return result(cell[0]);
		}
	}
}
