namespace LoraBridge.Native;

/// <summary>How a model spreads over devices (<c>llama_split_mode</c>).</summary>
internal enum LlamaSplitMode
{
    None = 0,
    Layer = 1,
    Row = 2,
    Tensor = 3,
}
