namespace LoraBridge.Model;

/// <summary>An adapter is valid, but was made for another model.</summary>
public sealed class AdapterMismatchException : Exception
{
    /// <summary>Creates the exception without details.</summary>
    public AdapterMismatchException() : this("The adapter was made for another model.", []) { }

    /// <summary>Creates the exception without a list of tensors.</summary>
    /// <param name="message">What does not fit.</param>
    public AdapterMismatchException(string message) : this(message, []) { }

    /// <summary>Creates the exception with the failure that caused it.</summary>
    /// <param name="message">What does not fit.</param>
    /// <param name="innerException">The cause, or null.</param>
    public AdapterMismatchException(string message, Exception? innerException) : base(message, innerException) => Mismatches = [];

    internal AdapterMismatchException(string message, IReadOnlyList<TensorMismatch> mismatches) : base(message) => Mismatches = mismatches;

    /// <summary>The tensors that do not fit; empty when the architectures differ.</summary>
    public IReadOnlyList<TensorMismatch> Mismatches { get; }
}

/// <summary>An adapted tensor that does not fit a model.</summary>
/// <param name="Tensor">Name of the model's tensor.</param>
/// <param name="Found">What the adapter has; shapes in ggml order.</param>
/// <param name="Expected">What the model needs; shapes in ggml order.</param>
public sealed record TensorMismatch(string Tensor, string Found, string Expected)
{
    /// <summary>The mismatch as a sentence.</summary>
    public override string ToString() => $"'{Tensor}' has {Found}, expected {Expected}";
}
