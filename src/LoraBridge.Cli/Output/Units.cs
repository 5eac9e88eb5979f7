using System.Globalization;

namespace LoraBridge.Cli.Output;

/// <summary>Numbers for people.</summary>
internal static class Units
{
    private static readonly string[] Prefixes = ["", "Ki", "Mi", "Gi", "Ti"];

    /// <summary>Bytes with a binary prefix: <c>1.5 GiB</c>.</summary>
    internal static string Bytes(long bytes)
    {
        double value = bytes;
        var prefix = 0;
        for (; value >= 1024 && prefix < Prefixes.Length - 1; prefix++)
            value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Prefixes[prefix]}B");
    }

    /// <summary>A count with separators: <c>1,234,567</c>.</summary>
    internal static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A loss or ratio with four decimals.</summary>
    internal static string Fixed(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>A rate: <c>12.3 tokens/s</c>.</summary>
    internal static string Rate(double tokensPerSecond) => string.Create(CultureInfo.InvariantCulture, $"{tokensPerSecond:0.0} tokens/s");

    /// <summary>A time as <c>0.01:02:03</c> (days first), or <c>2:03</c> when it is under an hour.</summary>
    internal static string Time(TimeSpan time) =>
        time.ToString(time >= TimeSpan.FromHours(1) ? @"d\.hh\:mm\:ss" : @"m\:ss", CultureInfo.InvariantCulture);
}
