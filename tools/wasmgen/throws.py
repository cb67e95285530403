"""Statements that throw and catch.  A part of Body."""

from .encode import TAGS, signed, unsigned, valtype

CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF = range(4)


class Exceptions:
    def throw(self, depth):
        """In an if, or nothing would follow."""
        tag = self.r.randrange(len(TAGS))
        self.expr('i', depth - 1)
        self.emit(0x04, 0x40)
        self.labels.append('')
        for t in TAGS[tag]:
            self.expr(t, depth - 2)
        self.emit(0x08, tag, 0x0b)
        self.labels.pop()

    def clause(self):
        """(kind, tag, what the label gets)"""
        kind = self.r.choice([CATCH, CATCH, CATCH_REF, CATCH_REF, CATCH_ALL,
                              CATCH_ALL_REF])
        if kind >= CATCH_ALL:
            return kind, None, 'x' if kind == CATCH_ALL_REF else ''
        tag = self.r.randrange(len(TAGS))
        return kind, tag, TAGS[tag] + ('x' if kind == CATCH_REF else '')

    def block(self, results):
        """Of a type that branches of other statements don't fit."""
        if len(results) == 1:
            self.emit(0x02, valtype(results))
        else:
            self.emit(0x02, signed(self.m.type_of('', results), 33))
        self.labels.append(results or 'nothing')

    def attempt(self, depth):
        """A try_table with a block around it for each clause:

            block $done
              block $1 (result ...) block $0 (result ...)
                try_table (catch ... 0) (catch ... 1)
                  statements
                end
                br $done
              end  use what clause 0 gave, br $done
              end  use what clause 1 gave
            end"""
        r = self.r
        clauses = [self.clause() for _ in range(r.randrange(1, 4))]
        self.emit(0x02, 0x40)
        self.labels.append('')
        for _, _, gets in reversed(clauses):
            self.block(gets)
        self.emit(0x1f, 0x40, len(clauses))
        for i, (kind, tag, _) in enumerate(clauses):
            self.emit(kind, *([] if tag is None else [tag]), i)
        self.labels.append('')
        self.statements(depth - 1)
        for _ in range(r.randrange(3)):
            self.throw(depth)
            self.statement(depth - 2)
        self.labels.pop()
        self.emit(0x0b, 0x0c, len(clauses))
        for i, (_, _, gets) in enumerate(clauses):
            self.labels.pop()
            self.emit(0x0b)
            self.caught(gets, depth)
            if i + 1 < len(clauses):
                self.emit(0x0c, len(clauses) - i - 1)
        self.labels.pop()
        self.emit(0x0b)

    def caught(self, gets, depth):
        """Use up the values; now and then throw it again."""
        x = unsigned(self.scratch['x'])
        for t in reversed(gets):
            if t == 'x':
                self.emit(0x21, x)
            else:
                self.store_value(t)
        if gets.endswith('x') and self.r.random() < .6:
            self.expr('i', depth - 2)
            self.emit(0x04, 0x40, 0x20, x, 0x0a, 0x0b)
