namespace LoraBridge.Adapters.Conversion;

/// <summary>An adapter of another library, with matrices as PEFT has them.</summary>
/// <param name="Modules">What it adapts.</param>
/// <param name="Alpha">The alpha that a GGUF file of it should state.</param>
/// <param name="InvocationTokens">Tokens after which alone the adapter counts; empty: always.</param>
internal sealed record ForeignAdapter(IReadOnlyList<ForeignModule> Modules, float Alpha, IReadOnlyList<uint> InvocationTokens)
{
    /// <summary>Weights of the base model that were saved along, unchanged.</summary>
    public IReadOnlyList<BaseCopy> BaseCopies { get; init; } = [];
}

/// <summary>A weight of the base model that an adapter was saved with, although it did not change it.</summary>
/// <param name="Module">Whose it is, in the checkpoint.</param>
/// <param name="Outputs">Its rows.</param>
/// <param name="Inputs">Its columns.</param>
internal sealed record BaseCopy(string Module, long Outputs, long Inputs);

/// <summary>
/// A module of it: y = W x + s B (A x), A [E, R, inputs] and B [E, outputs, R] by rows. For an embedding of V tokens the inputs are V.
/// </summary>
/// <param name="Name">In the checkpoint, for example <c>model.layers.3.self_attn.q_proj</c>.</param>
/// <param name="Rank">R, the rank.</param>
/// <param name="Experts">E; 1 unless experts are stacked.</param>
/// <param name="Scale">s.</param>
/// <param name="A">A.</param>
/// <param name="B">B.</param>
internal sealed record ForeignModule(string Name, int Rank, int Experts, float Scale, float[] A, float[] B)
{
    internal int Inputs => A.Length / Rank / Experts;

    internal int Outputs => B.Length / Rank / Experts;
}
