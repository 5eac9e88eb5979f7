using System.Collections.Immutable;
using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace LoraBridge.Finetuning;

/// <summary>Which weights of a model an adapter changes: a preset, or patterns of names.</summary>
/// <remarks>
/// A pattern without a dot is matched against the part of a tensor's name that gives its role (<c>attn_q</c> of
/// <c>blk.3.attn_q.weight</c>, <c>output</c>, <c>token_embd</c>), a pattern with a dot against the whole name, with or without its suffix
/// <c>.weight</c> (<c>blk.0.*</c>). <c>*</c> stands for any characters, <c>?</c> for one.
/// </remarks>
public sealed partial record LoraTargetModules
{
    private LoraTargetModules(string name, ImmutableArray<string> patterns, bool isExact)
    {
        Name = name;
        Patterns = patterns;
        IsExact = isExact;
    }

    /// <summary>The token mixers: projections of attention (query, key, value, output, fused or compressed) and of recurrent layers.</summary>
    public static LoraTargetModules Attention { get; } = new("attention", ["attn_*", "ssm_in", "ssm_out"], isExact: false);

    /// <summary><see cref="Attention"/> and the feed-forward layers, experts included. The default.</summary>
    public static LoraTargetModules AttentionAndFeedForward { get; } =
        new("attention-and-feed-forward", [.. Attention.Patterns, "ffn_gate*", "ffn_up*", "ffn_down*"], isExact: false);

    /// <summary>Every linear layer that llama.cpp can adapt: all weight matrices of the layers, and the output layer where the model has one of its own.</summary>
    public static LoraTargetModules AllLinear { get; } = new("all-linear", ["blk.*", "output"], isExact: false);

    /// <summary>The preset's name, or the patterns separated by commas.</summary>
    public string Name { get; }

    /// <summary>The patterns.</summary>
    public ImmutableArray<string> Patterns { get; }

    /// <summary>Whether every match must be trainable. Presets take what a model has; names are taken at their word.</summary>
    internal bool IsExact { get; }

    /// <summary>Selects weights by names or globs.</summary>
    /// <param name="patterns">At least one, none blank.</param>
    /// <exception cref="ArgumentException">There is none, or one is blank.</exception>
    public static LoraTargetModules Of(params ReadOnlySpan<string> patterns)
    {
        if (patterns.IsEmpty)
            throw new ArgumentException("At least one target module is needed.", nameof(patterns));
        foreach (var pattern in patterns)
            ArgumentException.ThrowIfNullOrWhiteSpace(pattern, nameof(patterns));
        return new LoraTargetModules(string.Join(',', patterns!), [.. patterns], isExact: true);
    }

    /// <summary>
    /// Parses the name of a preset (<c>attention</c>, <c>attention-and-feed-forward</c>, <c>all-linear</c>), or patterns separated by commas.
    /// </summary>
    /// <exception cref="ArgumentException">The text is blank.</exception>
    public static LoraTargetModules Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        LoraTargetModules[] presets = [Attention, AttentionAndFeedForward, AllLinear];
        return presets.FirstOrDefault(preset => preset.Name == text)
            ?? Of(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>Whether the patterns match the tensor of this name.</summary>
    public bool Matches(string tensorName)
    {
        ArgumentNullException.ThrowIfNull(tensorName);
        return Patterns.Any(pattern => Matches(pattern, tensorName));
    }

    /// <summary>The part of a tensor's name that names its role, for example <c>attn_q</c> of <c>blk.3.attn_q.weight</c>.</summary>
    internal static string Role(string tensorName) => RoleInName().Match(tensorName).Groups[1].Value;

    /// <summary>Whether the pattern at <paramref name="index"/> chooses the tensor of this name.</summary>
    internal bool Matches(int index, string tensorName) => Matches(Patterns[index], tensorName);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static bool Matches(string pattern, string tensorName) => pattern.Contains('.')
        ? Glob(pattern, tensorName) || Glob(pattern, WithoutEnding(tensorName))
        : Glob(pattern, Role(tensorName));

    private static bool Glob(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);

    private static string WithoutEnding(string name) => name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length] : name;

    [GeneratedRegex(@"^(?:blk\.\d+\.)?(.*?)(?:\.weight)?$")]
    private static partial Regex RoleInName();
}
