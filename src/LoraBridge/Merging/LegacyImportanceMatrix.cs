using System.Text;

namespace LoraBridge.Merging;

/// <summary>
/// Importance matrices as llama.cpp wrote them before it wrote GGUF, usually named <c>imatrix.dat</c>. Little-endian: the number of
/// entries, 32 bits; for each the length of its name, the name, a number of calls, the number of values, and values in F32, which are
/// means times the number of calls. What follows is the number of chunks and the name of the text, both of no use here.
/// </summary>
internal static class LegacyImportanceMatrix
{
    private const int LongestName = 1024;

    /// <summary>Reads all entries: the name of a weight and the importance of its columns.</summary>
    /// <exception cref="InvalidDataException">The file is none.</exception>
    internal static IEnumerable<(string Name, float[] Columns)> Read(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        var entries = Number(reader, path, "entries", int.MaxValue);
        for (var i = 0; i < entries; i++)
        {
            var name = Encoding.UTF8.GetString(reader.ReadBytes(Number(reader, path, "bytes of a name", LongestName)));
            var calls = Int32(reader, path);
            var values = new float[Number(reader, path, "values", (reader.BaseStream.Length - reader.BaseStream.Position) / sizeof(float))];
            for (var j = 0; j < values.Length; j++)
                values[j] = calls > 0 ? reader.ReadSingle() / calls : reader.ReadSingle();
            yield return (name, values);
        }
    }

    private static int Number(BinaryReader reader, string path, string what, long most)
    {
        var number = Int32(reader, path);
        return number > 0 && number <= most
            ? number
            : throw new InvalidDataException($"{path}: found {number} {what} at byte {reader.BaseStream.Position - sizeof(int)}, expected an importance matrix, GGUF or older.");
    }

    private static int Int32(BinaryReader reader, string path) => reader.BaseStream.Length - reader.BaseStream.Position >= sizeof(int)
        ? reader.ReadInt32()
        : throw new InvalidDataException($"{path}: the file ends at byte {reader.BaseStream.Length}, expected more of an importance matrix.");
}
