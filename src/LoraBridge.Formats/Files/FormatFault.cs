namespace LoraBridge.Formats;

/// <summary>Makes the exceptions for files that break their format: one line with the file, the problem and the place.</summary>
internal static class FormatFault
{
    public static InvalidDataException In(string file, string problem, Exception? cause = null) =>
        new(OneLine($"{file}: {problem}"), cause);

    public static InvalidDataException In(string file, long position, string problem) =>
        new(OneLine($"{file}: {problem} (at byte {position})"));

    // Names come from the file, and may hold line breaks or what a terminal takes for a command.
    private static string OneLine(string message) =>
        string.Create(message.Length, message, (line, text) =>
        {
            for (var i = 0; i < text.Length; i++)
                line[i] = char.IsControl(text[i]) ? '?' : text[i];
        });
}
