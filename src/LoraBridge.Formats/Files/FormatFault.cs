namespace LoraBridge.Formats;

/// <summary>Makes the exceptions for files that break their format: one line with the file, the problem and the place.</summary>
internal static class FormatFault
{
    public static InvalidDataException In(string file, string problem) => new($"{file}: {problem}");

    public static InvalidDataException In(string file, long position, string problem) => new($"{file}: {problem} (at byte {position})");
}
