using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace LoraBridge.Cli.Options;

/// <summary>Options that take a number within bounds; what is out of them is wrong usage, found before a command starts.</summary>
internal static class NumberOption
{
    internal static Option<int?> Integer(string[] names, string description, int minimum, int maximum = int.MaxValue) =>
        Create<int?>(names, description, text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum ? value : null,
            maximum == int.MaxValue ? $"an integer of {minimum} or more" : $"an integer from {minimum} to {maximum}");

    internal static Option<double?> Real(string[] names, string description, double minimum, double maximum) =>
        Create<double?>(names, description, text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum ? value : null,
            string.Create(CultureInfo.InvariantCulture, $"a number from {minimum} to {maximum}"));

    private static Option<T> Create<T>(string[] names, string description, Func<string, T> parse, string expected) => new(names[0], names[1..])
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Parse(result, names[0], parse, expected),
    };

    private static T? Parse<T>(ArgumentResult result, string name, Func<string, T> parse, string expected)
    {
        var text = result.Tokens[0].Value;
        var value = parse(text);
        if (value is null)
            result.AddError($"{name} is '{text}', expected {expected}.");
        return value;
    }
}
