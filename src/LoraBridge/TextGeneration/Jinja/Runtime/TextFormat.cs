using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;

namespace LoraBridge.TextGeneration.Jinja;

/// <summary>Python's two ways to format a string.</summary>
internal static partial class TextFormat
{
    /// <summary><c>'%s and %05.1f' % values</c>.</summary>
    public static StringValue Percent(StringValue format, Value values)
    {
        IReadOnlyList<Value> items = values is ListValue { IsTuple: true } tuple ? tuple.Items : [values];
        var text = new TracedTextBuilder();
        var used = 0;
        var position = 0;
        var byName = false;
        foreach (Match match in Directive().Matches(format.Text))
        {
            text.Append(format.Traced, position, match.Index);
            position = match.Index + match.Length;
            if (match.Groups["type"].Value == "%")
            {
                text.Append('%');
                continue;
            }
            byName |= match.Groups["name"].Success;
            var value = match.Groups["name"].Success ? Named(values, match.Groups["name"].Value) : Next(items, ref used);
            text.Append(Padded(Percent(match, value, format.IsSafe), match.Groups["flags"].Value, Integer(match.Groups["width"])));
        }
        text.Append(format.Traced, position, format.Traced.Length);
        if (format.Text.AsSpan(position).Contains('%'))
            throw new TemplateFault("'%' is followed by an unknown directive");
        if (!byName && used < items.Count && values is not DictValue)
            throw new TemplateFault("'%' has more values than the format names");
        return new StringValue(text.ToText(), format.IsSafe);
    }

    /// <summary><c>'{} {0:>5} {name}'.format(...)</c>.</summary>
    public static TracedText Braces(StringValue format, Arguments arguments)
    {
        var text = new TracedTextBuilder();
        var next = 0;
        var source = format.Text;
        for (var i = 0; i < source.Length; i++)
        {
            var c = source[i];
            if (c is '{' or '}' && i + 1 < source.Length && source[i + 1] == c)
            {
                text.Append(c);
                i++;
                continue;
            }
            if (c == '}')
                throw new TemplateFault("format(): a '}' stands alone");
            if (c != '{')
            {
                text.Append(format.Traced, i, i + 1);
                continue;
            }
            var end = source.IndexOf('}', i);
            if (end < 0)
                throw new TemplateFault("format(): a '{' is not closed");
            text.Append(Field(source[(i + 1)..end], arguments, format.IsSafe, ref next));
            i = end;
        }
        return text.ToText();
    }

    private static Value Next(IReadOnlyList<Value> items, ref int used) =>
        used < items.Count ? items[used++] : throw new TemplateFault("'%' has fewer values than the format names");

    private static Value Named(Value values, string name) => values is DictValue dict
        ? dict.Items.GetValueOrDefault(new StringValue(name)) ?? throw new TemplateFault($"'%' has no value for '{name}'")
        : throw new TemplateFault("'%' with names takes a dict");

    private static int Integer(Group group) => group.Success && int.TryParse(group.Value, CultureInfo.InvariantCulture, out var value) ? value : 0;

    private static TracedText Percent(Match match, Value value, bool escape)
    {
        var type = match.Groups["type"].Value[0];
        int? precision = match.Groups["precision"].Success ? Integer(match.Groups["precision"]) : null;
        switch (type)
        {
            case 's':
                var shown = escape ? TextFilters.Escaped(value) : value.Display();
                return precision < shown.Length ? shown.Slice(0, precision.Value) : shown;
            case 'r' or 'a':
                return PythonText.Repr(value);
            case 'c' when value is StringValue { Traced.Length: 1 } character:
                return character.Traced;
            default:
                if (value is not NumericValue number || (type is 'x' or 'X' or 'o' && number is FloatValue))
                    throw new TemplateFault($"'%{type}' does not take {value.TypeName}");
                var flags = match.Groups["flags"].Value;
                var digits = Number(number, type is 'i' or 'u' ? 'd' : type, precision);
                return flags.Contains('+') && !digits.StartsWith('-') ? "+" + digits : flags.Contains(' ') && !digits.StartsWith('-') ? " " + digits : digits;
        }
    }

    private static TracedText Padded(TracedText text, string flags, int width)
    {
        var missing = TextFilters.Width(width - Sequences.Length(text));
        if (missing == 0)
            return text;
        if (flags.Contains('-'))
            return TracedText.Concat(text, new string(' ', missing));
        var sign = flags.Contains('0') && text.Text[0] is '-' or '+' ? 1 : 0;
        var fill = new string(flags.Contains('0') ? '0' : ' ', missing);
        return StringMethods.Join("", [text.Slice(0, sign), fill, text.Slice(sign, text.Length)]);
    }

    private static TracedText Field(string field, Arguments arguments, bool escape, ref int next)
    {
        var colon = field.IndexOf(':');
        var (name, specification) = colon < 0 ? (field, "") : (field[..colon], field[(colon + 1)..]);
        var conversion = name.EndsWith("!r", StringComparison.Ordinal) ? 'r' : name.EndsWith("!s", StringComparison.Ordinal) ? 's' : '\0';
        if (conversion != '\0')
            name = name[..^2];
        var path = FieldPath().Match(name);
        if (!path.Success)
            throw new TemplateFault($"format() cannot read the field '{{{field}}}'");
        var root = path.Groups["root"].Value;
        var isPosition = int.TryParse(root, NumberStyles.None, CultureInfo.InvariantCulture, out var position);
        if (root.Length == 0)
            position = next++;
        var value = (root.Length == 0 || isPosition ? arguments.Find(position, "") : arguments.Named.GetValueOrDefault(root))
            ?? throw new TemplateFault($"format() has no value for '{{{name}}}'");
        foreach (Capture step in path.Groups["step"].Captures)
            value = step.Value[0] == '.' ? Members.Attribute(value, step.Value[1..]) : Members.Item(value, Key(step.Value[1..^1]));
        if (conversion == 'r')
            value = Value.From(PythonText.Repr(value));
        return specification.Length == 0 && !escape ? value.Display() : Specified(value, specification, escape);
    }

    private static Value Key(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? Value.From(index) : Value.From(text);

    /// <summary>A value by Python's format specification.</summary>
    private static TracedText Specified(Value value, string specification, bool escape)
    {
        var match = Specification().Match(specification);
        if (!match.Success)
            throw new TemplateFault($"format() does not know the specification '{specification}'");
        var type = match.Groups["type"].Value;
        int? precision = match.Groups["precision"].Success ? Integer(match.Groups["precision"]) : null;
        var isNumber = value is NumericValue && type is not "s";
        TracedText text;
        if (isNumber)
        {
            var number = (NumericValue)value;
            var kind = type.Length > 0 ? type[0] : number is FloatValue && precision is not null ? 'g' : '\0';
            var digits = kind == '\0' ? PythonText.Number(number) : kind == '%' ? Number(new FloatValue(number.AsDouble * 100), 'f', precision) + "%" : Number(number, kind, precision);
            if (match.Groups["group"].Success)
                digits = Grouped(digits, match.Groups["group"].Value);
            var sign = match.Groups["sign"].Value;
            text = sign is "+" or " " && !digits.StartsWith('-') ? sign + digits : digits;
        }
        else
        {
            if (type is not ("" or "s"))
                throw new TemplateFault($"format() cannot write {value.TypeName} as '{type}'");
            text = escape ? TextFilters.Escaped(value) : value.Display();
            if (precision < text.Length)
                text = text.Slice(0, precision.Value);
        }
        return Aligned(text, match, isNumber);
    }

    private static TracedText Aligned(TracedText text, Match match, bool isNumber)
    {
        var missing = TextFilters.Width(Integer(match.Groups["width"]) - Sequences.Length(text));
        var zero = match.Groups["zero"].Success;
        var align = match.Groups["align"].Success ? match.Groups["align"].Value : zero ? "=" : isNumber ? ">" : "<";
        var fill = match.Groups["fill"].Success ? match.Groups["fill"].Value[0] : zero ? '0' : ' ';
        var sign = align == "=" && text.Length > 0 && text.Text[0] is '-' or '+' ? 1 : 0;
        var before = align switch { "<" => 0, "^" => missing / 2, _ => missing };
        return StringMethods.Join("", [text.Slice(0, sign), new string(fill, before), text.Slice(sign, text.Length), new string(fill, missing - before)]);
    }

    private static string Grouped(string digits, string separator)
    {
        var (start, point) = (digits.StartsWith('-') ? 1 : 0, digits.IndexOf('.'));
        for (var i = (point < 0 ? digits.Length : point) - 3; i > start; i -= 3)
            digits = digits.Insert(i, separator);
        return digits;
    }

    private static string Number(NumericValue number, char type, int? precision)
    {
        var digits = Math.Min(precision ?? 6, 300);
        switch (type)
        {
            case 'd' when number is FloatValue:
                return new BigInteger(Math.Truncate(number.AsDouble)).ToString(CultureInfo.InvariantCulture);
            case 'd':
                return number.Whole.ToString(CultureInfo.InvariantCulture);
            case 'x':
                return number.AsInteger() < 0 ? "-" + (-number.AsInteger()).ToString("x", CultureInfo.InvariantCulture) : number.AsInteger().ToString("x", CultureInfo.InvariantCulture);
            case 'X':
                return Number(number, 'x', precision).ToUpperInvariant();
            case 'o':
                return number.AsInteger() < 0 ? "-" + Convert.ToString(-number.AsInteger(), 8) : Convert.ToString(number.AsInteger(), 8);
            case 'b':
                return number.AsInteger() < 0 ? "-" + Convert.ToString(-number.AsInteger(), 2) : Convert.ToString(number.AsInteger(), 2);
            case 'f' or 'F':
                return number.AsDouble.ToString($"F{digits}", CultureInfo.InvariantCulture);
            case 'e' or 'E':
                return number.AsDouble.ToString($"{(digits == 0 ? "0" : "0." + new string('0', digits))}{type}+00", CultureInfo.InvariantCulture);
            case 'g' or 'G':
                return General(number.AsDouble, digits, type);
            default:
                throw new TemplateFault($"numbers cannot be written as '{type}'");
        }
    }

    private static string General(double value, int precision, char type)
    {
        precision = Math.Max(precision, 1);
        var scientific = value.ToString($"0.{new string('0', precision - 1)}e+00", CultureInfo.InvariantCulture);
        var exponent = int.Parse(scientific[(scientific.IndexOf('e') + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent >= -4 && exponent < precision)
        {
            var plain = value.ToString($"F{Math.Max(precision - 1 - exponent, 0)}", CultureInfo.InvariantCulture);
            return plain.Contains('.') ? plain.TrimEnd('0').TrimEnd('.') : plain;
        }
        var mantissa = scientific[..scientific.IndexOf('e')];
        var text = (mantissa.Contains('.') ? mantissa.TrimEnd('0').TrimEnd('.') : mantissa) + scientific[scientific.IndexOf('e')..];
        return type == 'G' ? text.ToUpperInvariant() : text;
    }

    [GeneratedRegex(@"%(?:\((?<name>[^)]*)\))?(?<flags>[-+ #0]*)(?<width>\d{1,4})?(?:\.(?<precision>\d{0,3}))?[hlL]?(?<type>[diuoxXeEfFgGcrsa%])")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^(?<root>[^.\[]*)(?<step>\.[^.\[]+|\[[^\]]+\])*$")]
    private static partial Regex FieldPath();

    [GeneratedRegex(@"^(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[-+ ])?#?(?<zero>0)?(?<width>\d{1,4})?(?<group>[,_])?(?:\.(?<precision>\d{1,3}))?(?<type>[bdeEfFgGnosxX%])?$")]
    private static partial Regex Specification();
}
