namespace LoraBridge.Examples.BaseModel.Tokenizer;

/// <summary>
/// Tokens and merges: control tokens first, then the 256 bytes, then one token per merge in the order learnt.
/// </summary>
internal sealed class BpeVocabulary
{
    public const string EndOfText = "<|endoftext|>";
    public const string TurnStart = "<|im_start|>";
    public const string TurnEnd = "<|im_end|>";

    public static readonly string[] ControlTokens = [EndOfText, TurnStart, TurnEnd];

    private readonly List<string> _tokens;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Result)> _merges = [];
    private readonly List<(int Left, int Right)> _order = [];

    public BpeVocabulary()
    {
        _tokens = [.. ControlTokens, .. Enumerable.Range(0, 256).Select(b => ByteAlphabet.Spell([(byte)b]))];
        _ids = _tokens.Select((token, id) => (token, id)).ToDictionary(t => t.token, t => t.id);
    }

    /// <summary>Token texts in <see cref="ByteAlphabet"/> spelling, by id.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>Merges in the order they were learnt, which is their priority.</summary>
    public IReadOnlyList<(int Left, int Right)> Merges => _order;

    public int Count => _tokens.Count;

    public static int ByteId(byte value) => ControlTokens.Length + value;

    public static bool IsControl(int id) => id < ControlTokens.Length;

    public int Id(string token) => _ids[token];

    public bool TryGetMerge(int left, int right, out int rank, out int result)
    {
        var found = _merges.TryGetValue((left, right), out var merge);
        (rank, result) = merge;
        return found;
    }

    /// <summary>Adds a merge; two merges may spell the same token, which then exists once.</summary>
    public int AddMerge(int left, int right)
    {
        var text = _tokens[left] + _tokens[right];
        if (!_ids.TryGetValue(text, out var id))
        {
            id = _tokens.Count;
            _tokens.Add(text);
            _ids.Add(text, id);
        }
        _merges.Add((left, right), (_order.Count, id));
        _order.Add((left, right));
        return id;
    }
}
