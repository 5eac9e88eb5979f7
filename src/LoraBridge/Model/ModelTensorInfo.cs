using System.Collections.Immutable;

namespace LoraBridge.Model;

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">Its name, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">How its values are stored, such as <c>q4_K</c>.</param>
/// <param name="Shape">Its dimensions in ggml order: the first is the length of a row.</param>
public sealed record ModelTensorInfo(string Name, string Type, ImmutableArray<long> Shape);
