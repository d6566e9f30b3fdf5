"""What PostgreSQL's catalogue says of a database: everything but the order of columns."""

from typing import NamedTuple

from sqlalchemy import Engine, text

COLUMNS = """
SELECT format('%s.%s', c.relname, a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull,
    a.attidentity, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
CONSTRAINTS = """
SELECT format('%s.%s', k.conrelid::regclass, k.conname), pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname = 'public'
"""
INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
TABLES = """
SELECT c.relname, c.reloptions::text, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'
"""
SEQUENCES = "SELECT sequencename, data_type::text, increment_by FROM pg_sequences WHERE schemaname = 'public'"


class Catalogue(NamedTuple):
    """By kind, each thing's definition."""

    columns: dict[str, str]
    constraints: dict[str, str]
    indexes: dict[str, str]
    tables: dict[str, str]
    sequences: dict[str, str]


def catalogue(engine: Engine) -> Catalogue:
    with engine.connect() as connection:
        return Catalogue(
            *(
                {str(name): str(definition) for name, *definition in connection.execute(text(query))}
                for query in (COLUMNS, CONSTRAINTS, INDEXES, TABLES, SEQUENCES)
            )
        )
