namespace LoraBridge.TextGeneration.Tools;

/// <summary>
/// Makes ids for calls whose format has none: nine letters and digits, as Mistral's templates ask for, that depend on the prompt alone, so
/// that the same seed gives the same answer.
/// </summary>
internal sealed class CallIds(string prompt)
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    // FNV-1a.
    private ulong _state = prompt.Aggregate(14695981039346656037UL, (hash, character) => (hash ^ character) * 1099511628211UL);

    internal string Next()
    {
        Span<char> id = stackalloc char[9];
        foreach (ref var character in id)
        {
            _state = _state * 6364136223846793005UL + 1442695040888963407UL;
            character = Alphabet[(int)((_state >> 33) % (ulong)Alphabet.Length)];
        }
        return new string(id);
    }
}
