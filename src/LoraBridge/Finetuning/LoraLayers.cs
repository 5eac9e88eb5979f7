using System.Globalization;
using System.Text.RegularExpressions;

namespace LoraBridge.Finetuning;

/// <summary>A range of a model's layers.</summary>
public sealed partial record LoraLayers
{
    private readonly int _from;
    private readonly int _to;
    private readonly bool _fromEnd;

    private LoraLayers(int from, int to, bool fromEnd) => (_from, _to, _fromEnd) = (from, to, fromEnd);

    /// <summary>The last layers.</summary>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    public static LoraLayers Last(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new LoraLayers(count, 0, fromEnd: true);
    }

    /// <summary>The layers from one to another, both included, counted from 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The first is negative, or greater than the last.</exception>
    public static LoraLayers Range(int first, int last)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        return new LoraLayers(first, last, fromEnd: false);
    }

    /// <summary>Parses layers: <c>last:N</c>, or <c>FROM-TO</c>, both included and counted from 0.</summary>
    /// <exception cref="ArgumentException">The text is neither.</exception>
    public static LoraLayers Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        if (LastLayers().Match(text) is { Success: true } last && Number(last, 1) is > 0 and var count)
            return Last(count);
        if (LayerRange().Match(text) is { Success: true } range && Number(range, 1) <= Number(range, 2))
            return Range(Number(range, 1), Number(range, 2));
        throw new ArgumentException($"The layers are '{text}', expected last:N, or FROM-TO counted from 0.", nameof(text));
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString() => _fromEnd
        ? string.Create(CultureInfo.InvariantCulture, $"last:{_from}")
        : string.Create(CultureInfo.InvariantCulture, $"{_from}-{_to}");

    /// <summary>Whether the weight of this name is in one of these layers of a model of <paramref name="layerCount"/>; what is in no layer is not.</summary>
    internal bool Contain(string tensorName, int layerCount)
    {
        var (first, last) = _fromEnd ? (layerCount - _from, layerCount - 1) : (_from, _to);
        return LayerOf().Match(tensorName) is { Success: true } match && Number(match, 1) is var layer && layer >= first && layer <= last;
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^last:(\d{1,6})$")]
    private static partial Regex LastLayers();

    [GeneratedRegex(@"^(\d{1,6})-(\d{1,6})$")]
    private static partial Regex LayerRange();

    [GeneratedRegex(@"^blk\.(\d{1,6})\.")]
    private static partial Regex LayerOf();
}
