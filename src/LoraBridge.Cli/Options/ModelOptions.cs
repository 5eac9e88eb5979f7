using System.CommandLine;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Options;

/// <summary>Options that several commands have.</summary>
internal static class ModelOptions
{
    internal static Option<string> Model() => new("--model", "-m") { Description = "GGUF model: a file, a name such as gemma3:4b, hf:owner/repository[:quantisation], or an address.", HelpName = "BASE", Required = true };

    internal static Option<AdapterReference[]> Adapters() => new("--adapter", "-a")
    {
        Description = "LoRA adapter and how strongly it counts: 1 as trained, below 0 against it; may be repeated.",
        HelpName = "PATH[:SCALE]",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            try
            {
                return [.. result.Tokens.Select(token => AdapterReference.Parse(token.Value))];
            }
            catch (FormatException fault)
            {
                result.AddError(fault.Message);
                return [];
            }
        },
    };

    internal static Option<string> OneAdapter() => new("--adapter", "-a") { Description = "LoRA adapter.", HelpName = "PATH", Required = true };

    internal static Option<string?> ImportanceMatrix() => new("--imatrix")
    {
        Description = "Importance matrix of llama.cpp's imatrix tool, GGUF or .dat; improves types of few bits.", HelpName = "FILE",
    };

    internal static Option<bool> Strict() => new("--strict") { Description = "Fail at the first bad row instead of skipping it, or a part of it." };

    internal static Option<string?> ChatTemplate() => new("--chat-template")
    {
        Description = "Chat template (Jinja) to use instead of the model's own.", HelpName = "FILE",
    };

    internal static Option<bool> NoSpecialText(string texts) => new("--no-special-text")
    {
        Description = $"Read control tokens that {texts} writes out, such as <|im_end|>, as plain text.",
    };

    internal static Option<bool> SpecialMessages() => new("--special-messages")
    {
        Description = "Read control tokens also where a turn of a conversation writes them out.",
    };

    internal static Option<int?> ContextLength(string description) => NumberOption.Integer(["--ctx"], description, 2);

    internal static Option<string> LossOn() => new Option<string>("--loss-on")
    {
        Description = "Tokens that count: what the assistant says and completions, or all.", DefaultValueFactory = _ => "assistant",
    }.AcceptOnlyFromAmong("assistant", "all");

    internal static Option<string?> Targets(string description) => new("--targets") { Description = description, HelpName = "TARGETS" };

    internal static Option<string?> Precision(string description) => new Option<string?>("--precision")
    {
        Description = description,
    }.AcceptOnlyFromAmong("exact", "balanced", "fast");

    internal static Option<string?> Recompute() => Switch("--recompute", "Compute layers again in the backward pass instead of keeping them: less memory, more time; auto unless given.");

    internal static Option<string?> CacheTransposed() => Switch("--cache-transposed", "Keep a copy of the weights: in 8 bits for the gradients with --precision fast, in BF16 on a GPU; auto unless given.");

    /// <summary>The value of <see cref="Recompute"/> or <see cref="CacheTransposed"/>.</summary>
    internal static AutoSwitch ReadSwitch(string? value) => value is null ? AutoSwitch.Auto : Enum.Parse<AutoSwitch>(value, ignoreCase: true);

    private static Option<string?> Switch(string name, string description) =>
        new Option<string?>(name) { Description = description }.AcceptOnlyFromAmong("auto", "always", "never");

    /// <summary>The value of <see cref="Precision"/>.</summary>
    internal static TrainingPrecision? Read(string? precision) => precision is null ? null : Enum.Parse<TrainingPrecision>(precision, ignoreCase: true);
}
