namespace LoraBridge.Model;

/// <summary>An adapted tensor that does not fit a model.</summary>
/// <param name="Tensor">Name of the model's tensor.</param>
/// <param name="Found">What the adapter has; shapes in ggml order.</param>
/// <param name="Expected">What the model needs; shapes in ggml order.</param>
public sealed record TensorMismatch(string Tensor, string Found, string Expected)
{
    /// <summary>The mismatch as a sentence.</summary>
    public override string ToString() => $"'{Tensor}' has {Found}, expected {Expected}";
}
