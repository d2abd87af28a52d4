# SPDX-License-Identifier: Apache-2.0
"""From op bodies to the stencil table of the copy-and-patch tier.

util.py      running programs, refusing a body
object.py    a compiled object: sections, symbols, constants
blocks.py    basic blocks of a body, straightened jumps, the hot and the cold part
table.py     the table and its text
x86_64.py, aarch64.py
             all that is known of one processor: the module an `arch` argument stands for

A processor's module has

NAME, FORMS           forms of a stencil by what its immediates hold, narrowest first
FAR                   the form whose branches reach farther, None if all reach everything
compile(clang, form, tmp), parse(path, form)
                      the bodies as an object, and its functions {name: [Instruction]} with the set of
                      those whose registers become holes
control(name, ins)    what an instruction is: None (plain), "drop", ("jmp", D), ("jcc", condition, D);
                      D is an exit's name or an address
open_condition()      the condition of a jcc as the layout passes it on
Verifier              makes holes (`open`) and checks what was made by disassembling it filled
prologue(name)        code in front of a stencil
exit_code(name)       (code, relocations) of an exit
inverse(condition), jump_size(), reaches(), jump(), moved_hole()
                      for the layout
wider(name)           whether a body has other forms than the first
reloc_row(), hole_row(), text_of_reloc(), text_of_hole()
                      rows of the table
check_text(text, clang)
                      the table as a whole
"""
