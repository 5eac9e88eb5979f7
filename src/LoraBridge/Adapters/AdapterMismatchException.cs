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
