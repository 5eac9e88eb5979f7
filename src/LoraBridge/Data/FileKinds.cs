namespace LoraBridge.Data;

/// <summary>Files that people keep data in and that are not read, so that they can be refused by name instead of being taken for prose.</summary>
internal static class FileKinds
{
    /// <summary>What a file of an extension is; null where it may be text or JSON.</summary>
    public static string? Describe(string extension) => extension switch
    {
        ".csv" => "a CSV table",
        ".tsv" or ".tab" => "a table of tab-separated values",
        ".parquet" => "a Parquet file",
        ".arrow" or ".feather" => "an Arrow file",
        ".xls" or ".xlsx" or ".xlsm" or ".ods" => "a spreadsheet",
        ".doc" or ".docx" or ".odt" or ".rtf" => "a word processor's document",
        ".pdf" => "a PDF document",
        ".htm" or ".html" or ".xml" or ".xhtml" => "a document with markup",
        ".yaml" or ".yml" or ".toml" or ".ini" => "a configuration file",
        ".sqlite" or ".db" or ".sql" => "a database",
        ".pkl" or ".pickle" or ".npy" or ".npz" or ".pt" or ".pth" or ".bin" or ".safetensors" or ".h5" or ".hdf5" => "a file of arrays",
        ".gguf" => "a GGUF file",
        ".zip" or ".tar" or ".tgz" or ".7z" or ".rar" or ".bz2" or ".xz" or ".zst" or ".lz4" => "an archive",
        _ => null,
    };

    /// <summary>What a file that starts so is; null where it may be text.</summary>
    public static string? Describe(ReadOnlySpan<byte> start) =>
        start.StartsWith("GGUF"u8) ? "a GGUF file"
        : start.StartsWith("PAR1"u8) ? "a Parquet file"
        : start.StartsWith("ARROW1"u8) ? "an Arrow file"
        : start.StartsWith("PK\x03\x04"u8) ? "an archive, or a document packed as one"
        : start.StartsWith("%PDF"u8) ? "a PDF document"
        : start.StartsWith("SQLite format 3"u8) ? "a database"
        : start is [0x28, 0xB5, 0x2F, 0xFD, ..] or [0xFD, (byte)'7', (byte)'z', ..] or [(byte)'B', (byte)'Z', (byte)'h', ..] ? "an archive"
        : start.Contains((byte)0) && !(start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]) ? "binary"
        : null;
}
