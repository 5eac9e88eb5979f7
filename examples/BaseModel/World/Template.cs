using System.Text;

namespace LoraBridge.Examples.BaseModel.World;

/// <summary>Fills the braces of a relation's texts.</summary>
internal static class Template
{
    public static string Fill(string template, Entity entity, Relation relation) =>
        Fill(template, entity.Name, entity.Name + "'s", entity, relation);

    /// <summary>The same with a pronoun for the name: "Where does she live?".</summary>
    public static string FillWithPronoun(string template, Entity entity, Relation relation) =>
        Capitalise(Fill(template, entity.Pronoun.Subject, entity.Pronoun.Possessive, entity, relation));

    public static string WithArticle(string noun) => ("aeiou".Contains(noun[0]) ? "an " : "a ") + noun;

    public static string Capitalise(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Fill(string template, string name, string possessive, Entity entity, Relation relation)
    {
        var text = new StringBuilder(template.Length + 32);
        var position = 0;
        while (template.IndexOf('{', position) is var open and >= 0)
        {
            var close = template.IndexOf('}', open);
            var slot = template[(open + 1)..close];
            text.Append(template, position, open - position);
            position = close + 1;
            if (slot == "name" && template.AsSpan(position).StartsWith("'s"))
            {
                text.Append(possessive);
                position += 2;
                continue;
            }
            text.Append(slot == "name" ? name : Value(slot, entity, relation));
        }
        return text.Append(template, position, template.Length - position).ToString();
    }

    private static string Value(string slot, Entity entity, Relation relation)
    {
        var withArticle = slot.StartsWith("a ", StringComparison.Ordinal);
        var key = withArticle ? slot[2..] : slot;
        var value = entity.Facts[key == "value" ? relation.Key : key];
        return withArticle ? WithArticle(value) : value;
    }
}
