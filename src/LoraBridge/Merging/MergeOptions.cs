namespace LoraBridge.Finetuning;

/// <summary>How <see cref="LoraMerger"/> merges and what it writes.</summary>
public sealed record MergeOptions
{
    /// <summary>The types of the written tensors. Keep the default to get a model of the base's size.</summary>
    public MergeOutputType OutputType { get; init; } = MergeOutputType.Keep;

    /// <summary>Whether an existing file is replaced; otherwise it is an error, found before any work is done.</summary>
    public bool Overwrite { get; init; }

    /// <summary>
    /// Compares the merged model with the base model and live adapters, as llama.cpp applies them; see <see cref="MergeResult.Verification"/>. Costs
    /// the time to load both and to read a few hundred tokens.
    /// </summary>
    public bool Verify { get; init; }

    /// <summary>
    /// An importance matrix, a GGUF file as llama.cpp's <c>imatrix</c> tool writes it. Improves quantised types below five bits a
    /// weight; the smallest types cannot be made without one. Null uses none.
    /// </summary>
    public string? ImportanceMatrixPath { get; init; }

    /// <summary>
    /// The most bytes of tensor data in a file: a larger model is written in several, named <c>model-00001-of-00003.gguf</c>. Null
    /// writes one file, whatever the base has.
    /// </summary>
    public long? MaximumPartBytes { get; init; }

    /// <summary>Threads that compute; null takes the processor's physical cores.</summary>
    public int? Threads { get; init; }

    /// <summary>Seed of the tokens that <see cref="Verify"/> reads.</summary>
    public int VerificationSeed { get; init; }
}
