// Texts whose values are marked rather than formatted: engine/src/template.rs.

/** The text with its values written as `locale` writes them. */
export const format = (text: string, locale: string | undefined): string =>
  text.replace(/\u0001(.)([^\u0002]*)\u0002/g, (_, kind: string, value: string) => {
    if (kind === "t") return value;
    return kind === "p" ? formatter("percent", locale).format(+value / 100) : formatter("decimal", locale).format(+value);
  });

const formatters = new Map<string, Intl.NumberFormat>();

/** Making one takes longer than deciding. */
function formatter(style: "decimal" | "percent", locale: string | undefined): Intl.NumberFormat {
  const key = style + locale;
  const made = formatters.get(key) ?? new Intl.NumberFormat(locale, { style });
  formatters.set(key, made);
  return made;
}
