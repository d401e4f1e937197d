/** A query of the PostgreSQL data source, which has no type in @grafana/schema. */
interface SqlQuery {
  editorMode?: "code";
  format?: "table" | "time_series";
  rawQuery?: true;
  rawSql?: string;
}

/** A type of Grafana's as it stands in JSON: members of enumerations are their values. */
export type Plain<T> = T extends string
  ? `${T}`
  : T extends number
    ? number
    : T extends (infer Item)[]
      ? Plain<Item>[]
      : T extends { refId: string }
        ? { [Key in keyof T]: Plain<T[Key]> } & SqlQuery
        : T extends object
          ? { [Key in keyof T]: Plain<T[Key]> }
          : T;
