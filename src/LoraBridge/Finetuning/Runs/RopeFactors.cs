using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Finetuning.Runs;

/// <summary>
/// The factors by which models of long context rotate positions. llama.cpp takes the long ones where a context is longer than the one the
/// model was first trained with, whatever is in it, and a context is traced for as many tokens as a row has. So that the graph has the
/// factors of another context, without the memory that such a context would take, that first length is read as another.
/// </summary>
internal static class RopeFactors
{
    /// <summary>llama.cpp makes contexts of whole multiples of so many tokens.</summary>
    private const long ContextMultiple = 256;

    /// <summary>Metadata to load a model with, so that each context has the factors of one of <paramref name="contextUsed"/> tokens.</summary>
    /// <param name="model">The model.</param>
    /// <param name="contextUsed">Null changes nothing; nor does it for models that have no such factors.</param>
    public static IReadOnlyList<LlamaMetadataOverride> For(GgufModelFiles model, int? contextUsed)
    {
        if (contextUsed is not { } context || !HasLongFactors(model))
            return [];
        return [new LlamaMetadataOverride(KeyOfOriginalContext(model), IsLong(model, context) ? 1L : uint.MaxValue)];
    }

    /// <summary>The length of a context for <paramref name="tokens"/> tokens that has the factors of <paramref name="contextUsed"/>, in a model loaded as it is.</summary>
    public static int ContextFor(GgufModelFiles model, int? contextUsed, int tokens) =>
        contextUsed is { } context && HasLongFactors(model) && IsLong(model, context) ? (int)Math.Max(tokens, OriginalContext(model) + 1) : tokens;

    private static bool IsLong(GgufModelFiles model, int context) =>
        (context + ContextMultiple - 1) / ContextMultiple * ContextMultiple > OriginalContext(model);

    private static bool HasLongFactors(GgufModelFiles model) =>
        model.Tensors.Any(tensor => tensor.Info.Name.EndsWith("rope_factors_long.weight", StringComparison.Ordinal));

    /// <summary>The context that the short factors are for: as llama.cpp does, that of the model if nothing else is said.</summary>
    private static long OriginalContext(GgufModelFiles model) =>
        model.Metadata.TryGetUInt32(KeyOfOriginalContext(model), out var original)
        || model.Metadata.TryGetUInt32(model.Metadata.ArchitectureKey("context_length"), out original)
            ? original
            : long.MaxValue;

    private static string KeyOfOriginalContext(GgufModelFiles model) => model.Metadata.ArchitectureKey("rope.scaling.original_context_length");
}
