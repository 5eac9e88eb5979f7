namespace LoraBridge.Data;

/// <summary>A row cannot be used; the reader adds file and line.</summary>
internal sealed class DatasetRowException(string message) : Exception(message);
